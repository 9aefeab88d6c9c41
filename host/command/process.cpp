// SPDX-License-Identifier: Apache-2.0
#include "host/command/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <string_view>

#include "host/base/child_process.hpp"
#include "host/base/error.hpp"
#include "host/registry/crash_report.hpp"

namespace weft::host {
namespace {

constexpr int k_stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

std::atomic<bool> must_stop = false;
std::atomic<bool> was_asked = false;  // by a signal that somebody sends
std::string answer_line, ending_line;

/// A handler may not allocate: the pieces are written one after the other.
[[noreturn]] void end_with(std::initializer_list<std::string_view> line) {
  for (const std::string_view piece : line) write_all(STDERR_FILENO, piece);
  // Not _exit, which a plug-in that hangs would be blamed for.
  end_process(static_cast<int>(Exit::interrupted));
}

void note_signal(int number) {
  must_stop = true;
  // A terminal that closes hangs up more than once, and the limit's signal comes every second.
  if (number != SIGINT && number != SIGTERM) return;
  if (was_asked.exchange(true))
    end_with({"weft: error: ended at the second signal.", what_is_saved(false), "\n"});
  write_all(STDERR_FILENO, answer_line);
}

void end_now(int) {
  end_with({ending_line});
}

void do_nothing(int) {}

void handle_stopping(void (*handler)(int)) {
  for (const int number : k_stopping) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (number == SIGHUP && now.sa_handler == SIG_IGN) continue;
    std::signal(number, handler);
  }
}

}  // namespace

void open_standard_streams() {
  for (int number = 0; number <= 2; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest number that is free is this one, since those below it are open.
    if (::open("/dev/null", O_RDWR) != number) ::_exit(static_cast<int>(Exit::io));
  }
}

// Handlers rather than SIG_IGN: a program that is started has its own again.
void fail_writes_instead_of_ending() {
  struct sigaction action {};
  action.sa_handler = do_nothing;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGPIPE, SIGXFSZ}) ::sigaction(number, &action, nullptr);
}

const std::atomic<bool>& stop_requested() {
  return must_stop;
}

void request_stop() {
  must_stop = true;
}

void stop_on_signals(const std::string& answer) {
  answer_line = answer;
  handle_stopping(note_signal);
}

void end_on_signals(const std::string& line) {
  ending_line = line;
  handle_stopping(end_now);
}

}  // namespace weft::host
