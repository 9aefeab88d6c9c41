// SPDX-License-Identifier: Apache-2.0
#include "host/registry/processor_limit.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "host/base/error.hpp"
#include "host/registry/crash_report.hpp"
#include "host/registry/open_calls.hpp"

namespace weft::host {
namespace {

/// A handler may not allocate: the pieces are written one after the other.
void write_text(const char* text) {
  if (text == nullptr) return;
  std::size_t length = std::strlen(text);
  while (length > 0) {
    const ssize_t count = ::write(STDERR_FILENO, text, length);
    if (count <= 0) return;
    text += count;
    length -= static_cast<std::size_t>(count);
  }
}

void on_limit(int) {
  const Entry* const entry = current_entry();
  write_text("weft: error: ");
  if (entry != nullptr) {
    write_text(entry->place != nullptr ? entry->place : entry->file);
    write_text(" (");
    write_text(entry->part != nullptr ? entry->part : entry->file);
    write_text(") computes without end in ");
    write_text(entry->entry);
    write_text(
        ". A number in its configuration may be too large; else it is a fault of the "
        "plug-in.\n");
  } else {
    write_text("looking at the recipe takes too much processor time.\n");
  }
  end_process(static_cast<int>(Exit::bad_recipe));
}

}  // namespace

void limit_processor_time(int seconds) {
  struct sigaction action {};
  action.sa_handler = on_limit;
  ::sigaction(SIGXCPU, &action, nullptr);
  rlimit limit{};
  if (::getrlimit(RLIMIT_CPU, &limit) != 0) return;
  const auto wanted = static_cast<rlim_t>(seconds);
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur <= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_CPU, &limit);
}

}  // namespace weft::host
