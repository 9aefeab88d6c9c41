// SPDX-License-Identifier: Apache-2.0
/// Regression head: the reasoning state into n numbers.
///
///   r = the pooled state (pooling.hpp)
///   prediction = r W + b                             hidden = 0
///   prediction = gelu(r W_1 + b_1) W_2 + b_2         hidden > 0
///
/// Nothing bounds the numbers: train them against targets of mean 0 and deviation 1.
///
/// Shapes  state R [B, N, D], mask [B, N]; prediction [B, n].

#include <weft/plugin.hpp>

#include "pooling.hpp"

namespace weft {
namespace {

class RegressionHead final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.regression", "1.0.0",
                                     "Numbers from the pooled reasoning state."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t outputs = 1;
    std::string pooling = "mean";
    std::int64_t hidden = 0;
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the state.").at_least(1).from_wire("state", 2);
      fields.add("outputs", outputs, "How many numbers n.").at_least(1);
      fields.add("pooling", pooling, "How the state becomes one vector.").one_of(pooling_names());
      fields.add("hidden", hidden, "Width of a hidden layer; 0: none.").at_least(0);
      fields.add("dropout", dropout, "Probability of dropping an input of the last layer.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("n", config.outputs);
    ports.input("state", "[B, N, D]", "The reasoning state.");
    ports.mask_input("mask", "[B, N]", "state");
    ports.output("prediction", "[B, n]", "The numbers.");
  }

  RegressionHead(const Config& config, const Parameters& parameters)
      : config_(config), pool_(parameters, config.pooling, config.dim) {
    if (config.hidden > 0) hidden_ = Linear(parameters, "hidden", config.dim, config.hidden);
    out_ =
        Linear(parameters, "out", config.hidden > 0 ? config.hidden : config.dim, config.outputs);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = pool_(in["state"], in["mask"]);  // [B, D]
    if (config_.hidden > 0) x = gelu(hidden_(x));
    return {{"prediction", out_(dropout(x, config_.dropout))}};
  }

 private:
  Config config_;
  Pooling pool_;
  Linear hidden_, out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::RegressionHead)
