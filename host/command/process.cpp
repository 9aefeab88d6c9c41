// SPDX-License-Identifier: Apache-2.0
#include "host/command/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

constexpr int k_stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};

std::atomic<bool> must_stop = false;
std::string last_line;

void request_stop(int number) {
  must_stop = true;
  // A terminal that closes hangs up more than once, and the limit's signal comes every second.
  if (number == SIGINT || number == SIGTERM) std::signal(number, SIG_DFL);
}

void end_now(int) {
  [[maybe_unused]] const ssize_t ignored =
      ::write(STDERR_FILENO, last_line.data(), last_line.size());
  ::_exit(static_cast<int>(Exit::interrupted));
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

void stop_on_signals() {
  handle_stopping(request_stop);
}

void end_on_signals(const std::string& line) {
  last_line = line;
  handle_stopping(end_now);
}

}  // namespace weft::host
