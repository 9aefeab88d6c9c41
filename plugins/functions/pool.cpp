// SPDX-License-Identifier: Apache-2.0
/// The tokens of a row as one vector.
///
///   mean  Σ_n m_n x_n / Σ_n m_n          max    max of the x_n with m_n = 1, feature by feature
///   first x_0                            last   the x_n of the largest n with m_n = 1
///
/// m is the mask. A row whose tokens are all padding gives 0, except by `first`.
///
/// Shapes  in [B, N, D], mask [B, N]; out [B, D].

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Pool final : public Function {
 public:
  static constexpr Identity identity{"function.pool", "1.0.0",
                                     "The tokens of a row as one vector."};

  struct Config {
    std::int64_t dim = 64;
    std::string pooling = "mean";

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D.").at_least(1).from_wire("in", 2);
      fields.add("pooling", pooling, "How tokens become one vector.")
          .one_of({"mean", "max", "first", "last"});
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("in", "[B, N, D]", "The tokens.");
    ports.mask_input("mask", "[B, N]", "in");
    ports.output("out", "[B, D]", "The vector.");
  }

  Pool(const Config& config, const Parameters&) : pooling_(config.pooling) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["in"], mask = in["mask"];
    if (pooling_ == "first") return {{"out", x.select(1, 0)}};
    if (pooling_ == "mean") return {{"out", masked_mean(x, mask)}};
    if (pooling_ == "last" && !mask) return {{"out", x.select(1, x.size(1) - 1)}};
    if (!mask) return {{"out", max(x, {1})}};
    const Tensor real = mask.unsqueeze(-1);
    if (pooling_ == "last") {
      const Tensor seen =
          cumulative_sum(mask.to(WEFT_DTYPE_INT64), 1);  // the last has the count of all
      const Tensor is_last = logical_and(equal(seen, max(seen, {1}, true)), mask);
      return {{"out", sum(masked_fill(x, logical_not(is_last).unsqueeze(-1), 0.0), {1})}};
    }
    const Tensor highest = max(masked_fill(x, logical_not(real), -lowest), {1});
    const Tensor count = sum(mask.to(x.dtype()), {1}, true);  // [B, 1]
    return {{"out", masked_fill(highest, equal(count, 0.0), 0.0)}};
  }

 private:
  static constexpr double lowest = 3e38;  // of float32; what is real is above its negative
  std::string pooling_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Pool)
