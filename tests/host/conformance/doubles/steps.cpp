// SPDX-License-Identifier: Apache-2.0
// Accumulates over a step of the optimiser, and one deed that no part may do: to make a buffer of
// it that is no number.
#include <weft/plugin.hpp>

#include "deeds.hpp"

namespace weft {
namespace {

class Counted final : public Encoder {
 public:
  static constexpr Identity identity{"tests/encoder.steps", "1.0.0", "A double."};
  struct Config {
    void describe(Fields&) {}
  };
  static void ports(Ports& ports, const Config&) {
    ports.size("D", 4);
    ports.input("x", "[B, D]", "Numbers.");
    ports.output("out", "[B, D]", "The same, scaled.");
  }
  Counted(const Config&, const Parameters& parameters)
      : weight_(parameters.add_without_decay("weight", {4}, Init::constant(1.0))),
        seen_(parameters.buffer("seen", {4}, Init::zeros())),
        sum_(parameters.accumulator("sum", {4})) {
    parameters.after_step([this] {
      const Tensor sum = sum_.tensor();
      seen_.set(does("step_to_nan") ? sum / (sum - sum) : seen_.tensor() + sum);
    });
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["x"];
    if (training()) sum_.add(sum(detach(x), {0}).to(WEFT_DTYPE_FLOAT64));
    return {{"out", x * weight_.tensor()}};
  }

 private:
  Parameter weight_;
  Buffer seen_;
  Accumulator sum_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Counted)
