// SPDX-License-Identifier: Apache-2.0
#include "host/registry/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "host/base/text.hpp"
#include "host/registry/library.hpp"
#include "host/registry/plugin_file.hpp"

extern char** environ;

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The report is "EXIT\nTEXT" and this; a process that ends without it did not finish, whatever its
// exit code says.
constexpr const char* end_of_report = "\nWEFT-PROBE-END\n";
constexpr std::size_t longest_report = 4 * longest_manifest;

/// A pipe whose ends close themselves.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw Error(Exit::io, "no pipe can be opened; too many files are open.");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

pid_t spawn(const std::vector<std::string>& words, int report, int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, errors, 2);
  ::posix_spawn_file_actions_adddup2(&actions, report, 3);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP);  // so that all of it can be killed
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    throw Error(Exit::io, concat(words[0], " cannot be run: ", ::strerror(failed),
                                 ". Build or install Weft again, or set WEFT_PROBE."));
  return pid;
}

/// Appends what can be read; false at the end of the stream.
bool drain(int from, std::string& text) {
  std::array<char, 4096> block;
  const ssize_t count = ::read(from, block.data(), block.size());
  if (count > 0 && text.size() < longest_report)
    text.append(block.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

/// Reads both streams until the report is whole, both end, or the time is over.
void listen(int report, int errors, Clock::time_point deadline, std::string& text,
            std::string& complaint) {
  std::array<pollfd, 2> streams{{{report, POLLIN, 0}, {errors, POLLIN, 0}}};
  while (streams[0].fd >= 0 && !text.ends_with(end_of_report)) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return;
    ::poll(streams.data(), streams.size(), static_cast<int>(left.count()));
    if (streams[0].revents != 0 && !drain(report, text)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !drain(errors, complaint)) streams[1].fd = -1;
  }
}

/// Waits for the process, killing it and its children at the deadline.
/// @return its wait status; nothing if it had to be killed
std::optional<int> collect(pid_t pid, Clock::time_point deadline) {
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return std::nullopt;
    }
    ::usleep(200);
  }
  ::kill(-pid, SIGKILL);  // children that it left behind
  return status;
}

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of(" \n");
  if (end == std::string::npos) return "";
  const auto begin = text.rfind('\n', end);
  std::string line = text.substr(begin + 1, end - begin);
  for (char& c : line)
    if (c < 0x20 || c > 0x7e) c = '?';
  return line.substr(0, 200);
}

ProbeReport fatal(const std::string& name, const std::string& what, const std::string& complaint) {
  const std::string said = last_line(complaint);
  return {Exit::plugin,
          concat(name, " ", what, said.empty() ? "" : ": ", said, said.ends_with('.') ? "" : ".",
                 " It is blocked until it changes or `weft plugin "
                 "unblock` names it."),
          true};
}

}  // namespace

fs::path probe_program() {
  if (const char* named = std::getenv("WEFT_PROBE")) return named;
  std::error_code unknown;
  return fs::read_symlink("/proc/self/exe", unknown).parent_path() / "weft-probe";
}

ProbeReport probe(const fs::path& file, const SealFacts& facts, std::chrono::milliseconds limit) {
  const std::string name = file.filename().string();
  const Clock::time_point deadline = Clock::now() + limit;
  Pipe report, errors;
  const pid_t pid =
      spawn({probe_program().string(), fs::absolute(file).string(), facts.tier, facts.torch},
            report.ends[1], errors.ends[1]);
  report.close_end(1);
  errors.close_end(1);
  std::string text, complaint;
  listen(report.ends[0], errors.ends[0], deadline, text, complaint);
  const std::optional<int> status = collect(pid, deadline);

  if (!status)
    return fatal(name, concat("did not let go within ", static_cast<double>(limit.count()) / 1000, " s"), complaint);
  if (WIFSIGNALED(*status))
    return fatal(
        name,
        concat("killed the process that looked at it (SIG", ::sigabbrev_np(WTERMSIG(*status)), ")"),
        complaint);
  const auto line = text.find('\n');
  if (!text.ends_with(end_of_report) || WEXITSTATUS(*status) != 0 || line == std::string::npos)
    return fatal(
        name, concat("ended the process that looked at it (exit code ", WEXITSTATUS(*status), ")"),
        complaint);
  text.resize(text.size() - std::char_traits<char>::length(end_of_report));
  return {static_cast<Exit>(std::atoi(text.c_str())), text.substr(line + 1), false};
}

void tell_descriptor(const fs::path& file, const SealFacts& facts, int out) {
  Exit exit = Exit::ok;
  std::string text;
  try {
    const SharedObject object = read_plugin_file(file).object;
    const std::shared_ptr<const Library> library = Library::open(file, {});
    text = manifest_text(library->plugin(), object, facts);
  } catch (const Error& error) {
    exit = error.exit();
    text = error.what();
  }  // the library is unloaded by now: what it does at its end counts too
  text = concat(static_cast<int>(exit), "\n", text, end_of_report);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::write(out, text.data() + at, text.size() - at);
    if (count <= 0) return;
    at += static_cast<std::size_t>(count);
  }
}

}  // namespace weft::host
