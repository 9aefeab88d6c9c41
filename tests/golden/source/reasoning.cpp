// SPDX-License-Identifier: Apache-2.0
/// Golden reasoning core: self-attention, written out.
///
///   Q, K, V = tokens W_q, tokens W_k, tokens W_v, split into h heads
///   state = tokens + concat_heads(softmax(Q Kᵀ / √(D/h)) V) W_o       [B, N, D] → [B, N, D]
///
/// Keys whose mask is false are not attended to.

#include <weft/plugin.hpp>

#include <cmath>

namespace weft {
namespace {

class Attend final : public Reasoning {
 public:
  static constexpr Identity identity{"golden/reasoning.attend", "1.0.0", "Self-attention."};

  struct Config {
    std::int64_t dim = 16;
    std::int64_t heads = 2;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of a token.").at_least(1);
      fields.add("heads", heads, "Number of heads; must divide dim.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("tokens", "[B, N, D]", "The fused tokens.");
    ports.mask_input("mask", "[B, N]", "tokens");
    ports.output("state", "[B, N, D]", "The tokens and what they attend to.");
  }

  Attend(const Config& config, const Parameters& parameters)
      : dim_(config.dim), heads_(config.heads) {
    if (config.dim % config.heads != 0) reject("heads", "must divide dim");
    query_ = parameters.add("query", {dim_, dim_}, Init::xavier());
    key_ = parameters.add("key", {dim_, dim_}, Init::xavier());
    value_ = parameters.add("value", {dim_, dim_}, Init::xavier());
    out_ = parameters.add("out", {dim_, dim_}, Init::xavier());
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor tokens = in["tokens"], mask = in["mask"];
    const Tensor query = split(tokens, query_), key = split(tokens, key_);
    const double width = static_cast<double>(dim_ / heads_);
    Tensor scores = matmul(query, key.transpose(2, 3)) * (1.0 / std::sqrt(width));
    if (mask) scores = masked_fill(scores, logical_not(mask.unsqueeze(1).unsqueeze(1)), -1e9);
    const Tensor mixed = matmul(softmax(scores, -1), split(tokens, value_));  // [B, h, N, D/h]
    const Tensor joined = permute(mixed, {0, 2, 1, 3}).reshape(tokens.sizes());
    return {{"state", tokens + linear(joined, out_, Tensor())}};
  }

 private:
  Tensor split(const Tensor& tokens, const Tensor& weight) const {
    const Tensor projected = linear(tokens, weight, Tensor());
    return permute(projected.reshape({tokens.size(0), tokens.size(1), heads_, -1}), {0, 2, 1, 3});
  }

  std::int64_t dim_, heads_;
  Parameter query_, key_, value_, out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Attend)
