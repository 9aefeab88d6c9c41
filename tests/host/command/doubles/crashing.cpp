// SPDX-License-Identifier: Apache-2.0
// A part that passes its stream on and, at its third call, does the deed that its configuration
// names.

#include <weft/plugin.hpp>

#include <pthread.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

namespace weft {
namespace {

void segfault() {
  std::raise(SIGSEGV);
}

/// Uses up the stack.
std::size_t overflow(std::size_t depth) {
  if (depth == 0) return 0;
  volatile char frame[4096];
  frame[depth % sizeof frame] = 1;
  return overflow(depth + 1) + static_cast<std::size_t>(frame[0]);
}

/// y = x, with a backward that segfaults.
class Trap final : public CustomFunction {
 public:
  const char* name() const override { return "tests.trap"; }
  std::vector<Tensor> forward(Saved&, const std::vector<Tensor>& in) const override {
    return {in[0] * 1.0};
  }
  std::vector<Tensor> backward(const Saved&, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>&) const override {
    segfault();
    return grad_out;
  }
};

[[noreturn]] void hang() {
  for (;;) ::usleep(1000);
}

/// To standard output, in every way there is.
void print(const std::string& where) {
  std::printf("printf in %s\n", where.c_str());
  std::cout << "cout in " << where << std::endl;
  std::thread([&] { std::cout << "cout of a thread in " << where << std::endl; }).join();
  const std::string line = "write in " + where + "\n";
  static_cast<void>(::write(1, line.data(), line.size()) == 0);
}

/// So that no signal reaches this thread.
[[noreturn]] void hang_deaf() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  hang();
}

class Crashing final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.crashing", "1.0.0", "Crash."};

  struct Config {
    std::string deed = "none";
    void describe(Fields& fields) {
      fields.add("deed", deed, "What to do.")
          .one_of({"none",
                   "segfault",
                   "abort",
                   "overflow",
                   "backward",
                   "thread",
                   "create",
                   "exit",
                   "quick_exit",
                   "_exit",
                   "_Exit",
                   "pthread_exit",
                   "exit_in_a_thread",
                   "close_output",
                   "change_locale",
                   "change_rounding",
                   "flush_denormals",
                   "fork",
                   "print",
                   "hang",
                   "hang_deaf",
                   "hang_in_evaluation"});
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("streams", "[B, N, D]", "What to pass on.");
    ports.output("tokens", "[B, N, D]", "The same.");
  }

  Crashing(const Config& config, const Parameters&) : deed_(config.deed) {
    if (deed_ == "create") segfault();
    if (deed_ == "print") print("creation");
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["streams"];
    if (deed_ == "hang_in_evaluation" && !training()) hang();
    if (deed_ == "print") print("call");
    if (++calls_ == 3) {
      if (deed_ == "hang") hang();
      if (deed_ == "hang_deaf") hang_deaf();
      if (deed_ == "segfault") segfault();
      if (deed_ == "abort") std::abort();
      if (deed_ == "overflow") overflow(1);
      if (deed_ == "thread") std::thread(segfault).join();
      if (deed_ == "exit") std::exit(0);
      if (deed_ == "quick_exit") std::quick_exit(0);
      if (deed_ == "_exit") ::_exit(0);
      if (deed_ == "_Exit") std::_Exit(0);
      if (deed_ == "pthread_exit") ::pthread_exit(nullptr);
      if (deed_ == "exit_in_a_thread") std::thread([] { std::exit(0); }).join();
      if (deed_ == "close_output") ::close(1);
      if (deed_ == "change_locale") std::setlocale(LC_ALL, "C.UTF-8");
      if (deed_ == "change_rounding") std::fesetround(FE_UPWARD);
      if (deed_ == "flush_denormals") _mm_setcsr(_mm_getcsr() | 0x8040);
      if (deed_ == "fork") static_cast<void>(::fork());
      if (deed_ == "backward") return {{"tokens", apply(std::make_unique<Trap>(), {x})[0]}};
    }
    return {{"tokens", x * 1.0}};
  }

 private:
  std::string deed_;
  mutable int calls_ = 0;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Crashing)
