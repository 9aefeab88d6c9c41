// SPDX-License-Identifier: Apache-2.0
/// What the losses of regression share: the difference of each number from its target, where it
/// counts, and how many numbers count.

#pragma once

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  class Regression : public Loss {
   public:
    static void ports(Ports& ports) {
      ports.input("prediction", "[..., n]", "What the model says.");
      ports.input("target", "[..., n]", "What came.");
      ports.mask_input("mask", "[...]", "target");
      ports.present_input();
      ports.output("loss", "[]", "Sum over the counted numbers.");
      ports.output("weight", "[]", "How many these are.");
    }

    Tensor weight(const Inputs& in) const override {
      const Tensor target = in["target"];
      return sum(counted_places(target, in["mask"], in["present"])).to(WEFT_DTYPE_FLOAT64) *
             static_cast<double>(target.size(-1));
    }

   protected:
    /// prediction − target [..., n], 0 where it does not count.
    static Tensor difference(const Inputs& in) {
      const Tensor target = in["target"];
      return counted_difference(in["prediction"], target,
                                counted_places(target, in["mask"], in["present"]));
    }
  };

}  // namespace weft
