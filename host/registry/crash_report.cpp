// SPDX-License-Identifier: Apache-2.0
#include "host/registry/crash_report.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

#include "host/base/error.hpp"
#include "host/registry/open_calls.hpp"
#include "host/registry/process_guard.hpp"

namespace weft::host {
namespace {

// A signal handler may neither allocate nor lock: all that it reads lies here, in fixed places.
std::array<char, 4096> report_file{};
std::array<char, 256> stage_name{};
std::atomic<std::int64_t> step_number = 0;
std::atomic<bool> checkpoint_saved = false;
std::atomic<bool> checkpoint_under_way = false;
std::array<char, std::size_t{64} << 10> handler_stack{};  // the thread's own may be what overflowed

/// A sentence that grows in a fixed place and is cut where it ends.
class Sentence {
 public:
  Sentence& operator<<(std::string_view text) {
    const std::size_t room = text_.size() - length_;
    const std::size_t count = std::min(room, text.size());
    std::memcpy(text_.data() + length_, text.data(), count);
    length_ += count;
    return *this;
  }
  Sentence& operator<<(std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  void write_to(int file) const {
    for (std::size_t at = 0; at < length_;) {
      const ssize_t count = ::write(file, text_.data() + at, length_ - at);
      if (count <= 0) return;
      at += static_cast<std::size_t>(count);
    }
  }

 private:
  std::array<char, 4096> text_;
  std::size_t length_ = 0;
};

/// The file whose code the thread was running, for threads that no entry is known of.
const char* file_of_code(const void* context) {
  const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto counter = static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  const auto counter = static_cast<std::uintptr_t>(machine.pc);
#endif
  const void* address = nullptr;  // a register holds it as a number
  std::memcpy(&address, &counter, sizeof address);
  Dl_info info{};
  return ::dladdr(address, &info) != 0 ? info.dli_fname : nullptr;
}

void describe(Sentence& sentence, const Entry& entry) {
  sentence << " inside " << entry.file;
  if (entry.part != nullptr) sentence << ", part " << entry.part;
  if (entry.place != nullptr) sentence << " (" << entry.place << ")";
  sentence << ", entry " << entry.entry;
}

/// What every report says behind what has happened and where, to standard error and the file.
[[noreturn]] void report(Sentence& sentence, bool is_plugin) {
  if (stage_name[0] != '\0')
    sentence << ", stage \"" << stage_name.data() << "\", step " << step_number.load();
  if (is_plugin)
    sentence << ". This is a fault of the plug-in: `weft plugin check` on its file may show more.";
  else
    sentence << ".";
  sentence << what_is_saved() << "\n";
  sentence.write_to(STDERR_FILENO);
  if (report_file[0] != '\0') {
    const int file = ::open(report_file.data(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0) {
      sentence.write_to(file);
      ::fsync(file);
    }
  }
  end_process(static_cast<int>(Exit::plugin));
}

void on_crash(int number, siginfo_t*, void* context) {
  static std::atomic<pid_t> reporting = 0;
  const pid_t self = ::gettid();
  pid_t nobody = 0;
  if (!reporting.compare_exchange_strong(nobody, self)) {
    if (nobody == self) end_process(static_cast<int>(Exit::plugin));  // the report itself crashed
    for (;;) ::pause();  // another thread is writing, and ends the process
  }
  const Entry* const entry = current_entry();
  Sentence sentence;
  const char* const signal = ::sigabbrev_np(number);
  sentence << "weft: error: SIG" << (signal != nullptr ? signal : "?");
  if (entry != nullptr) {
    describe(sentence, *entry);
  } else if (const char* const file = file_of_code(context)) {
    sentence << " in code of " << file << ", outside of every entry";
  }
  report(sentence, entry != nullptr);
}

template <std::size_t Size>
void copy(const std::string& text, std::array<char, Size>& place) {
  const std::size_t count = std::min(text.size(), Size - 1);
  std::memcpy(place.data(), text.data(), count);
  place[count] = '\0';
}

}  // namespace

void end_process(int code) {
  for (;;) ::syscall(SYS_exit_group, code);
}

const char* what_is_saved(bool waits) {
  constexpr int k_longest_wait = 3000;  // hundredths of a second
  const timespec hundredth{0, 10'000'000};
  for (int i = 0; waits && checkpoint_under_way && i < k_longest_wait; ++i)
    ::nanosleep(&hundredth, nullptr);
  if (checkpoint_saved)
    return " What was saved is as it was: --resume goes on from the last checkpoint.";
  return stage_name[0] != '\0' ? " No checkpoint was saved yet." : "";
}

void report_crashes(const std::string& file) {
  copy(file, report_file);
  stack_t stack{};
  stack.ss_sp = handler_stack.data();
  stack.ss_size = handler_stack.size();
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    ::sigaction(number, &action, nullptr);
  guard_exits();
}

void report_end(const char* call) {
  const Entry* const entry = current_entry();
  Sentence sentence;
  sentence << "weft: error: " << call << " was called";
  if (entry != nullptr)
    describe(sentence, *entry);
  else
    sentence << " in a thread that a plug-in started";
  report(sentence, true);
}

void report_fork() {
  Sentence sentence;
  sentence << "weft: error: the process was forked";
  if (const Entry* const entry = current_entry()) describe(sentence, *entry);
  sentence << ", and the child came back from the call. The child ends here, and the run goes on. "
              "This is a fault of the plug-in: a child must end, or run another program.\n";
  sentence.write_to(STDERR_FILENO);
  end_process(static_cast<int>(Exit::plugin));
}

void note_step(const std::string& stage, std::int64_t step) {
  if (stage != stage_name.data()) copy(stage, stage_name);
  step_number = step;
}

void note_checkpoint() {
  checkpoint_saved = true;
}

void note_saving(bool is_saving) {
  checkpoint_under_way = is_saving;
}

}  // namespace weft::host
