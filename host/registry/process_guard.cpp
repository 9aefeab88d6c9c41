// SPDX-License-Identifier: Apache-2.0
#include "host/registry/process_guard.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <array>
#include <cfenv>
#include <clocale>
#include <cstdlib>

#include "host/base/text.hpp"
#include "host/registry/crash_report.hpp"
#include "host/registry/open_calls.hpp"

namespace weft::host {
namespace {

pid_t guarded_process = 0;

/// Returns where it is the host that ends the process: outside of plug-ins, on its own thread. A
/// child that somebody forked ends as it likes.
void on_end(const char* call) {
  if (::getpid() != guarded_process) return;
  const bool is_own_thread = ::gettid() == guarded_process;
  if (current_entry() != nullptr || !is_own_thread) report_end(call);
}

#if defined(__x86_64__)
constexpr std::uint32_t k_control_bits = 0xffc0;  // of MXCSR; the others tell what has happened

std::uint32_t vector_control() {
  return _mm_getcsr() & k_control_bits;
}

void set_vector_control(std::uint32_t control) {
  _mm_setcsr((_mm_getcsr() & ~k_control_bits) | control);
}
#else
std::uint32_t vector_control() {
  return 0;
}

void set_vector_control(std::uint32_t) {}
#endif

constexpr int k_closed = -1;

/// k_closed, or the flags of the descriptor. The host's files are closed on exec and what a
/// terminal or a shell gives is not: so a file that another thread opened under the number of a
/// stream that was closed differs from the stream.
int stream_flags(int stream) {
  return ::fcntl(stream, F_GETFD);
}

/// Before the first plug-in was called: a program may be started without standard streams.
const std::array<int, 3>& flags_at_first() {
  static const std::array<int, 3> flags{stream_flags(0), stream_flags(1), stream_flags(2)};
  return flags;
}

}  // namespace

void guard_exits() {
  static const bool is_new = [] {
    std::atexit([] { on_end("exit"); });
    std::at_quick_exit([] { on_end("quick_exit"); });
    return true;
  }();
  static_cast<void>(is_new);
  guarded_process = ::getpid();
  using Hook = void (*)(const char* call);
  if (auto* const hook = static_cast<Hook*>(::dlsym(RTLD_DEFAULT, "weft_on_exit"))) *hook = on_end;
}

ProcessState::ProcessState()
    : process_(::getpid()),
      locale_(std::setlocale(LC_ALL, nullptr)),
      vector_control_(vector_control()),
      rounding_(std::fegetround()) {
  flags_at_first();
}

ProcessState::~ProcessState() {
  if (::getpid() != process_) report_fork();
}

std::string ProcessState::restore() const {
  std::string changed;
  const auto add = [&](const std::string& what) {
    changed += (changed.empty() ? "" : " and ") + what;
  };
  constexpr std::array k_names{"input", "output", "error"};
  for (std::size_t i = 0; i < k_names.size(); ++i) {
    const int before = flags_at_first()[i], now = stream_flags(static_cast<int>(i));
    if (before == k_closed || now == before) continue;
    // Otherwise the next file that is opened would get its number, and what is printed.
    if (now == k_closed) static_cast<void>(::open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY));
    add(concat("closed the process's standard ", k_names[i]));
  }
  if (vector_control() != vector_control_ || std::fegetround() != rounding_) {
    set_vector_control(vector_control_);
    std::fesetround(rounding_);
    add("changed how the thread's floating point rounds, traps or flushes");
  }
  if (locale_ != std::setlocale(LC_ALL, nullptr)) {
    std::setlocale(LC_ALL, locale_.c_str());
    add("changed the process's locale");
  }
  return changed;
}

}  // namespace weft::host
