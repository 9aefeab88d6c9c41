// SPDX-License-Identifier: Apache-2.0
/// Squared error: the loss of regression whose errors are normal.
///
///   loss = Σ d²,   d = prediction − target
///
/// d runs over all numbers of targets whose mask is true and whose row is present; `weight` is how
/// many these are. What stands at the others, be it NaN, reaches neither loss nor gradient.
///
/// Shapes  prediction [..., n], target [..., n], mask [...], present [B] bool; loss [], weight [].
/// Source  loss / weight equals torch.nn.functional.mse_loss.

#include "regression.hpp"

namespace weft {
namespace {

class SquaredError final : public Regression {
 public:
  static constexpr Identity identity{"loss.mse", "1.0.0",
                                     "Squared distance of numbers from their targets."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) { Regression::ports(ports); }

  SquaredError(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor d = difference(in);
    return {{"loss", sum(d * d)}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::SquaredError)
