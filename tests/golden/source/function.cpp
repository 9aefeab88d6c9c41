// SPDX-License-Identifier: Apache-2.0
/// Golden function: tokens as they differ from their usual place, louder by a text. ABI 0.10.
///
///   loudness_b = 1 + mean of the text's bytes / 255                  [B], 1 without a text
///   out = loudness_b (tokens − μ) Wᵀ                                 [B, N, D]
///   slope = ∂ ½ Σ out² / ∂ tokens                                    [B, N, D], on demand
///   after each step  μ ← mean of the step's tokens                   [D]
///
/// A text is UTF-8 in uint8 [B, L], and ends where its mask does, or before its last zero bytes. W
/// begins orthogonal and belongs to layer 1.

#include <weft/gradient.hpp>
#include <weft/plugin.hpp>
#include <weft/text.hpp>

namespace weft {
namespace {

class Loud final : public Function {
 public:
  static constexpr Identity identity{"golden/function.loud", "1.0.0", "Louder by a text."};

  struct Config {
    std::int64_t dim = 16;

    void describe(Fields& fields) { fields.add("dim", dim, "Width D of a token.").at_least(1); }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("tokens", "[B, N, D]", "The tokens.");
    ports.optional_input("text", "[B, L]", "A text of each row.", k_text_types);
    ports.mask_input("text_mask", "[B, L]", "text");
    ports.output("out", "[B, N, D]", "The tokens, moved, turned and louder.");
    ports.on_demand_output("slope", "[B, N, D]", "The derivative of half its squares.");
  }

  Loud(const Config& config, const Parameters& parameters)
      : weight_(parameters.at_layer(1).add("weight", {config.dim, config.dim}, Init::orthogonal())),
        mean_(parameters.buffer("mean", {config.dim}, Init::zeros())),
        sum_(parameters.accumulator("sum", {config.dim})),
        count_(parameters.accumulator("count", {})) {
    parameters.after_step(
        [this](auto...) { mean_.set(sum_.tensor() / clamp_min(count_.tensor(), 1.0)); });
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor tokens = in["tokens"], louder = loudness(in, tokens);
    if (training()) {
      const Tensor seen = detach(tokens).to(WEFT_DTYPE_FLOAT64);
      sum_.add(sum(seen, {0, 1}));
      count_.add(sum(ones({seen.size(0), seen.size(1)}, seen, WEFT_DTYPE_FLOAT64)));
    }
    Outputs outputs{{"out", turned(tokens, louder)}};
    if (in.wants("slope")) outputs.emplace_back("slope", slope(tokens, louder));
    return outputs;
  }

 private:
  /// [B, 1, 1]; absent without a text.
  static Tensor loudness(const Inputs& in, const Tensor& like) {
    if (!in["text"]) return Tensor();
    const Tensor bytes = in["text"].to(like.dtype());
    const Tensor real = (in["text_mask"] ? in["text_mask"] : greater(bytes, 0.0)).to(like.dtype());
    const Tensor mean = sum(bytes * real, {1}) / (255.0 * clamp_min(sum(real, {1}), 1.0));
    return (mean + 1.0).unsqueeze(-1).unsqueeze(-1);
  }

  Tensor turned(const Tensor& tokens, const Tensor& louder) const {
    const Tensor out = linear(tokens - mean_.tensor(), weight_, Tensor());
    return louder ? out * louder : out;
  }

  Tensor slope(const Tensor& tokens, const Tensor& louder) const {
    const Recording recording;
    const Tensor at = leaf(tokens), out = turned(at, louder);
    return gradient(0.5 * sum(out * out), {at})[0];
  }

  Parameter weight_;
  Buffer mean_;
  Accumulator sum_, count_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Loud)
