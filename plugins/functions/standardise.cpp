// SPDX-License-Identifier: Apache-2.0
/// Features in units of their own deviation, by the mean and variance of all training rows so far.
///
///   y = (x − μ) / √(σ² + eps)
///
/// μ and σ² are buffers, which after every step of the optimiser take in the rows of the step. No
/// row looks at another, so that micro-batches equal one large batch; the first step passes x on,
/// with μ = 0 and σ = 1. Where the part is frozen, so are they. A row that is not present gives 0.
///
/// Shapes  in [B, N, D], mask [B, N], present [B]; out and out_mask likewise.
/// Source  Chan et al. 1983, The American Statistician 37: merging the moments of two sets.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Standardise final : public Function {
 public:
  static constexpr Identity identity{"function.standardise", "1.0.0",
                                     "Features in units of their own deviation."};

  struct Config {
    std::int64_t dim = 1;
    double eps = 1e-5;

    void describe(Fields& fields) {
      fields.add("dim", dim, "D, how many features there are.").at_least(1).from_wire("in", 2);
      fields.add("eps", eps, "Added to the variance.").above(0.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("in", "[B, N, D]", "The features.");
    ports.mask_input("mask", "[B, N]", "in");
    ports.present_input();
    ports.output("out", "[B, N, D]", "The same in units of their deviation.");
    ports.mask_output("out_mask", "[B, N]", "out");
  }

  Standardise(const Config& config, const Parameters& parameters)
      : eps_(config.eps),
        mean_(parameters.buffer("mean", {config.dim}, Init::zeros())),
        variance_(parameters.buffer("variance", {config.dim}, Init::constant(1.0))),
        rows_(parameters.buffer("rows", {}, Init::zeros())),
        count_(parameters.accumulator("count", {})),
        sum_(parameters.accumulator("sum", {config.dim})),
        squares_(parameters.accumulator("squares", {config.dim})) {
    parameters.after_step([this](auto...) { move(); });
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["in"];
    const Tensor mask = in["mask"] ? in["mask"] : ones({x.size(0), x.size(1)}, x, WEFT_DTYPE_BOOL);
    if (training()) {
      Tensor counted = mask;
      if (in["present"]) counted = logical_and(counted, in["present"].unsqueeze(-1));
      const Tensor rows =
          masked_fill(detach(x).to(WEFT_DTYPE_FLOAT64), logical_not(counted).unsqueeze(-1), 0.0);
      count_.add(sum(counted));
      sum_.add(sum(rows, {0, 1}));
      squares_.add(sum(rows * rows, {0, 1}));
    }
    Tensor out = (x - mean_) / sqrt(variance_.tensor() + eps_);
    if (in["present"])
      out = masked_fill(out, logical_not(in["present"]).unsqueeze(-1).unsqueeze(-1), 0.0);
    return {{"out", out}, {"out_mask", logical_and(mask, mask)}};
  }

 private:
  void move() const {
    const Tensor seen = rows_.tensor().to(WEFT_DTYPE_FLOAT64), added = count_.tensor();
    const Tensor n = clamp_min(seen + added, 1.0);
    const Tensor before = mean_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor spread = variance_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor mean = (before * seen + sum_.tensor()) / n;
    const Tensor squares = (spread + before * before) * seen + squares_.tensor();
    const Tensor is_new = greater(seen + added, 0.0);
    mean_.set(where(is_new, mean, before));
    variance_.set(where(is_new, clamp_min(squares / n - mean * mean, 0.0), spread));
    rows_.set(seen + added);
  }

  double eps_;
  Buffer mean_, variance_, rows_;
  Accumulator count_, sum_, squares_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Standardise)
