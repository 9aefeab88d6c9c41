// SPDX-License-Identifier: Apache-2.0
#include "host/base/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t longest_stream = std::size_t{256} << 10;  // bytes; the rest is dropped

/// Appends what can be read; false at the end of the stream.
bool drain(int from, std::string& text) {
  std::array<char, 4096> block;
  const ssize_t count = ::read(from, block.data(), block.size());
  if (count > 0 && text.size() < longest_stream)
    text.append(block.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

/// How long a child has run and how long it has waited, both up to a limit. What it does is looked
/// at in short turns; a turn in which it is ready to run but a busy machine runs others is
/// nobody's.
class ChildTime {
 public:
  static constexpr milliseconds k_turn{20};

  ChildTime(pid_t pid, milliseconds limit)
      : file_(concat("/proc/", pid, "/stat")), limit_(limit), last_(Clock::now()) {}

  bool is_over() {
    const Clock::time_point now = Clock::now();
    if (now - last_ < k_turn) return false;  // nothing is looked up more often
    const auto turn = std::chrono::duration_cast<std::chrono::microseconds>(now - last_);
    last_ = now;
    // "PID (NAME) STATE …": the name may hold anything, and the numbers follow its last bracket.
    std::ifstream stream(file_);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    std::string state, skipped;
    std::int64_t user = 0, system = 0;
    fields >> state;
    for (int i = 0; i < 10; ++i) fields >> skipped;
    fields >> user >> system;
    const milliseconds run((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
    if (state != "R" && state != "D") waited_ += turn;
    return run >= limit_ || waited_ >= limit_;
  }

 private:
  std::string file_;
  milliseconds limit_;
  Clock::time_point last_;
  std::chrono::microseconds waited_{0};
};

/// Reads both streams until the report is whole, it ends, or the time is over.
void listen(int report, int errors, ChildTime& time, std::string_view end_of_report,
            ChildEnd& child) {
  std::array<pollfd, 2> streams{{{report, POLLIN, 0}, {errors, POLLIN, 0}}};
  while (streams[0].fd >= 0 && !child.report.ends_with(end_of_report)) {
    if (time.is_over()) return;
    ::poll(streams.data(), streams.size(), static_cast<int>(ChildTime::k_turn.count()));
    if (streams[0].revents != 0 && !drain(report, child.report)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !drain(errors, child.complaint)) streams[1].fd = -1;
  }
}

/// Waits for the process, killing it and its children when its time is over.
std::optional<int> collect(pid_t pid, ChildTime& time) {
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (time.is_over()) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return std::nullopt;
    }
    ::usleep(200);
  }
  ::kill(-pid, SIGKILL);  // children that it left behind
  return status;
}

}  // namespace

Pipe::Pipe() {
  std::array<int, 2> low{-1, -1};
  const bool opened = ::pipe2(low.data(), O_CLOEXEC) == 0;
  for (std::size_t end = 0; end < 2 && opened; ++end) {
    ends[end] = ::fcntl(low[end], F_DUPFD_CLOEXEC, 4);
    ::close(low[end]);
  }
  if (ends[0] >= 0 && ends[1] >= 0) return;
  close_end(0);
  close_end(1);
  throw Error(Exit::io,
              concat("no pipe can be opened (", std::strerror(errno), "). Close some files."));
}

Pipe::~Pipe() {
  close_end(0);
  close_end(1);
}

void Pipe::close_end(std::size_t end) {
  if (ends[end] >= 0) ::close(ends[end]);
  ends[end] = -1;
}

ChildEnd attend(pid_t pid, Pipe& report, Pipe& errors, std::string_view end_of_report,
                std::chrono::milliseconds limit) {
  ChildTime time(pid, limit);
  report.close_end(1);
  errors.close_end(1);
  ChildEnd child;
  listen(report.ends[0], errors.ends[0], time, end_of_report, child);
  child.status = collect(pid, time);
  child.whole = child.report.ends_with(end_of_report);
  if (child.whole) child.report.resize(child.report.size() - end_of_report.size());
  return child;
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(to, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
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

}  // namespace weft::host
