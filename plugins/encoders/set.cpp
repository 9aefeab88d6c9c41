// SPDX-License-Identifier: Apache-2.0
/// Set encoder: points, boxes or other things without an order. Whatever order they come in, each
/// keeps its token, and `pooled` is the same.
///
///   h_i = W x_i + b
///   u_i = LN(h_i),  h_i ← h_i + act(W_1 u_i + W_2 m + b_1),  m = mean_j u_j     `layers` times
///   tokens_i = LN(h_i), 0 at padding;  pooled = mean or maximum of LN(h_i) over i
///
/// Means and maxima run over the elements whose mask is true. A sample without any gets pooled 0.
///
/// Shapes  points [B, N, F], mask [B, N]; tokens [B, N, D], mask [B, N], pooled [B, D].
/// Source  Zaheer et al. 2017, arXiv:1703.06114, the equivariant layer of eq. 4; residual and
///         normalised as Transformers are.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class SetLayer {
 public:
  SetLayer(const Parameters& parameters, const std::string& name, std::int64_t dim,
           std::string activation, double dropout_rate)
      : activation_(std::move(activation)),
        dropout_(dropout_rate),
        norm_(parameters.in(name), "norm", dim),
        own_(parameters.in(name), "own", dim, dim),
        others_(parameters.in(name), "others", dim, dim, /*bias=*/false) {}

  Tensor operator()(const Tensor& x, const Tensor& mask) const {
    const Tensor u = norm_(x);
    const Tensor seen = own_(u) + others_(masked_mean(u, mask)).unsqueeze(1);
    return x + dropout(activate(activation_, seen), dropout_);
  }

 private:
  std::string activation_;
  double dropout_;
  LayerNorm norm_;
  Linear own_, others_;
};

class SetEncoder final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.set", "1.0.0",
                                     "Encode things without an order, such as points."};

  struct Config {
    std::int64_t features = 3;
    std::int64_t dim = 64;
    std::int64_t layers = 2;
    std::string activation = "relu";
    std::string pooling = "max";
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("features", features, "How many numbers F describe an element.")
          .at_least(1)
          .from_wire("points", 2);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", layers, "Layers in which each element sees the mean of all.")
          .at_least(0);
      fields.add("activation", activation, "Of each layer.").one_of(activation_names());
      fields.add("pooling", pooling, "How the elements become one vector.").one_of({"max", "mean"});
      fields.add("dropout", dropout, "Probability of dropping an element of a layer.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("F", config.features);
    ports.size("D", config.dim);
    ports.input("points", "[B, N, F]", "The elements, in any order.");
    ports.mask_input("mask", "[B, N]", "points");
    ports.output("tokens", "[B, N, D]", "Each element with what it saw of the others.");
    ports.mask_output("mask", "[B, N]", "tokens");
    ports.output("pooled", "[B, D]", "The whole set in one vector.");
  }

  SetEncoder(const Config& config, const Parameters& parameters)
      : config_(config),
        in_(parameters, "in", config.features, config.dim),
        norm_(parameters, "norm", config.dim) {
    for (std::int64_t i = 0; i < config.layers; ++i)
      layers_.emplace_back(parameters, "layer_" + std::to_string(i), config.dim, config.activation,
                           config.dropout);
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor mask = in["mask"];
    Tensor x = in_(zero_padding(in["points"], mask));
    for (const SetLayer& layer : layers_) x = layer(x, mask);
    x = norm_(x);
    return {{"tokens", zero_padding(x, mask)},
            {"mask", mask ? mask : full_mask(x)},
            {"pooled", pool(x, mask)}};
  }

 private:
  Tensor pool(const Tensor& x, const Tensor& mask) const {
    if (config_.pooling == "mean") return masked_mean(x, mask);
    if (!mask) return max(x, {1});
    const Tensor any = max(mask.to(WEFT_DTYPE_UINT8), {1}, /*keep=*/true);  // [B, 1]
    const Tensor top = max(masked_fill(x, logical_not(mask).unsqueeze(-1), lowest), {1});
    return masked_fill(top, equal(any, 0), 0.0);
  }

  static constexpr double lowest = -1e30;  // below any normalised element, in bfloat16 too

  Config config_;
  Linear in_;
  std::vector<SetLayer> layers_;
  LayerNorm norm_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::SetEncoder)
