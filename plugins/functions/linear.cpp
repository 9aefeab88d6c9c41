// SPDX-License-Identifier: Apache-2.0
/// Tokens of one width as tokens of another: one affine map for all of them.
///
///   out = in W + b
///
/// Shapes  in [B, N, D], mask [B, N]; out [B, N, K], out_mask [B, N].

#include <weft/plugin.hpp>

namespace weft {
namespace {

class LinearMap final : public Function {
 public:
  static constexpr Identity identity{"function.linear", "1.0.0",
                                     "Tokens of one width as tokens of another."};

  struct Config {
    std::int64_t features = 64;
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("features", features, "Width D of what is read.").at_least(1).from_wire("in", 2);
      fields.add("dim", dim, "Width K of what is given.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.features);
    ports.size("K", config.dim);
    ports.input("in", "[B, N, D]", "The tokens.");
    ports.mask_input("mask", "[B, N]", "in");
    ports.output("out", "[B, N, K]", "The tokens in the other width.");
    ports.mask_output("out_mask", "[B, N]", "out");
  }

  LinearMap(const Config& config, const Parameters& parameters)
      : map_(parameters, "map", config.features, config.dim) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["in"], mask = in["mask"] ? in["mask"] : full_mask(x);
    return {{"out", map_(x)}, {"out_mask", logical_and(mask, mask)}};
  }

 private:
  Linear map_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::LinearMap)
