// SPDX-License-Identifier: Apache-2.0
/// Huber loss: squared error near the target, absolute error far from it.
///
///   loss = Σ { d² / 2            where |d| ≤ δ
///            { δ (|d| − δ / 2)   elsewhere,      d = prediction − target
///
/// d runs over all numbers of targets whose mask is true and whose row is present; `weight` is how
/// many these are. What stands at the others, be it NaN, reaches neither loss nor gradient.
///
/// Shapes  prediction [..., n], target [..., n], mask [...], present [B] bool; loss [], weight [].
/// Source  Huber 1964; loss / weight equals torch.nn.functional.huber_loss.

#include "regression.hpp"

namespace weft {
namespace {

class Huber final : public Regression {
 public:
  static constexpr Identity identity{"loss.huber", "1.0.0",
                                     "Squared error near the target, absolute error far from it."};

  struct Config {
    double delta = 1.0;

    void describe(Fields& fields) {
      fields.add("delta", delta, "Distance δ from which on errors count linearly.").above(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) { Regression::ports(ports); }

  Huber(const Config& config, const Parameters&) : delta_(config.delta) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor distance = abs(difference(in));
    const Tensor near = minimum(distance, full_like(distance, delta_));  // |d|, at most δ
    return {{"loss", sum(near * (distance - 0.5 * near))}};
  }

 private:
  double delta_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Huber)
