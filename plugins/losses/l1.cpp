// SPDX-License-Identifier: Apache-2.0
/// Absolute error: the loss of regression that outliers pull less than the squared one.
///
///   loss = Σ |d|,   d = prediction − target
///
/// d runs over all numbers of targets whose mask is true and whose row is present; `weight` is how
/// many these are. What stands at the others, be it NaN, reaches neither loss nor gradient.
///
/// Shapes  prediction [..., n], target [..., n], mask [...], present [B] bool; loss [], weight [].
/// Source  loss / weight equals torch.nn.functional.l1_loss.

#include "regression.hpp"

namespace weft {
namespace {

class AbsoluteError final : public Regression {
 public:
  static constexpr Identity identity{"loss.l1", "1.0.0",
                                     "Absolute distance of numbers from their targets."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) { Regression::ports(ports); }

  AbsoluteError(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override { return {{"loss", sum(abs(difference(in)))}}; }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::AbsoluteError)
