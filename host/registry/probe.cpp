// SPDX-License-Identifier: Apache-2.0
#include "host/registry/probe.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "host/base/child_process.hpp"
#include "host/base/prefix.hpp"
#include "host/base/text.hpp"
#include "host/registry/library.hpp"
#include "host/registry/plugin_file.hpp"

extern char** environ;

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// The report is "EXIT\nTEXT" and this, which a plug-in cannot know beforehand.
std::string end_of_report(const std::string& token) {
  return concat("\n", token, "\n");
}

std::string new_token() {
  std::random_device random;
  return concat(random(), "-", random());
}

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

ProbeReport fatal(const std::string& name, const std::string& what, const std::string& complaint) {
  const std::string said = last_line(complaint);
  return {Exit::plugin,
          concat(name, " ", what, said.empty() ? "" : ": ", said, said.ends_with('.') ? "" : "."),
          true};
}

}  // namespace

fs::path probe_program() {
  if (const char* named = std::getenv("WEFT_PROBE")) return named;
  return installed_prefix() / "bin" / "weft-probe";
}

ProbeReport probe(const fs::path& file, const SealFacts& facts, std::chrono::milliseconds limit) {
  const std::string name = file.filename().string();
  const std::string token = new_token();
  Pipe report, errors;
  const pid_t pid =
      spawn({probe_program().string(), fs::absolute(file).string(), facts.tier, facts.torch, token},
            report.ends[1], errors.ends[1]);
  const auto [text, whole, complaint, status] =
      attend(pid, report, errors, end_of_report(token), limit);

  if (!status)
    return fatal(name,
                 concat("did not let go within ", static_cast<double>(limit.count()) / 1000, " s"),
                 complaint);
  if (WIFSIGNALED(*status))
    return fatal(
        name,
        concat("killed the process that looked at it (SIG", ::sigabbrev_np(WTERMSIG(*status)), ")"),
        complaint);
  const auto line = text.find('\n');
  if (!whole || WEXITSTATUS(*status) != 0 || line == std::string::npos)
    return fatal(
        name, concat("ended the process that looked at it (exit code ", WEXITSTATUS(*status), ")"),
        complaint);
  return {static_cast<Exit>(std::atoi(text.c_str())), text.substr(line + 1), false};
}

void tell_descriptor(const fs::path& file, const SealFacts& facts, const std::string& token,
                     int out) {
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
  write_all(out, concat(static_cast<int>(exit), "\n", text, end_of_report(token)));
}

}  // namespace weft::host
