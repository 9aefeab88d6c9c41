// SPDX-License-Identifier: Apache-2.0
// A part that passes its stream on and, at its third call, does the deed that its configuration
// names.

#include <weft/plugin.hpp>

#include <csignal>
#include <cstdlib>
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

class Crashing final : public Fusion {
 public:
  static constexpr Identity identity{"tests/fusion.crashing", "1.0.0", "Crash."};

  struct Config {
    std::string deed = "none";
    void describe(Fields& fields) {
      fields.add("deed", deed, "What to do.")
          .one_of({"none", "segfault", "abort", "overflow", "backward", "thread", "create"});
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("streams", "[B, N, D]", "What to pass on.");
    ports.output("tokens", "[B, N, D]", "The same.");
  }

  Crashing(const Config& config, const Parameters&) : deed_(config.deed) {
    if (deed_ == "create") segfault();
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["streams"];
    if (++calls_ == 3) {
      if (deed_ == "segfault") segfault();
      if (deed_ == "abort") std::abort();
      if (deed_ == "overflow") overflow(1);
      if (deed_ == "thread") std::thread(segfault).join();
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
