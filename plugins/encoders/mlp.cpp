// SPDX-License-Identifier: Apache-2.0
/// Multi-layer perceptron: one vector of features, such as a row of a table, as one token.
///
///   h_0 = x,  h_l = dropout(act(W_l h_{l−1} + b_l)),  pooled = W h_L + b,  tokens = [pooled]
///
/// Without hidden layers it is one affine map.
///
/// Shapes  features [B, n]; tokens [B, 1, D], pooled [B, D].

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Mlp final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.mlp", "1.0.0",
                                     "Encode a vector of features as one token."};

  struct Config {
    std::int64_t features = 16;
    std::vector<std::int64_t> hidden{128};
    std::int64_t dim = 64;
    std::string activation = "relu";
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("features", features, "How many features n.").at_least(1).from_wire("features", 1);
      fields.add("hidden", hidden, "Width of each hidden layer; an empty list: none.")
          .at_least(1)
          .length(0, 64);
      fields.add("dim", dim, "Width D of the token.").at_least(1);
      fields.add("activation", activation, "Of the hidden layers.").one_of(activation_names());
      fields.add("dropout", dropout, "Probability of dropping an element of a hidden layer.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("n", config.features);
    ports.size("D", config.dim);
    ports.input("features", "[B, n]", "One vector for each sample.");
    ports.output("tokens", "[B, 1, D]", "The vector as a sequence of one token.");
    ports.output("pooled", "[B, D]", "The same without the axis of the sequence.");
  }

  Mlp(const Config& config, const Parameters& parameters) : config_(config) {
    std::int64_t in = config.features;
    for (std::size_t i = 0; i < config.hidden.size(); ++i) {
      hidden_.emplace_back(parameters, "hidden_" + std::to_string(i), in, config.hidden[i]);
      in = config.hidden[i];
    }
    out_ = Linear(parameters, "out", in, config.dim);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["features"];
    for (const Linear& layer : hidden_)
      x = dropout(activate(config_.activation, layer(x)), config_.dropout);
    const Tensor pooled = out_(x);
    return {{"tokens", pooled.unsqueeze(1)}, {"pooled", pooled}};
  }

 private:
  Config config_;
  std::vector<Linear> hidden_;
  Linear out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Mlp)
