// SPDX-License-Identifier: Apache-2.0
/// Golden fusion: each stream becomes one token, weighted by a learned gate.
///
///   token_i = gate_i · mean over the real tokens of stream i          n × [B, N_i, D] → [B, n, D]

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Pool final : public Fusion {
 public:
  static constexpr Identity identity{"golden/fusion.pool", "1.0.0", "One token a stream."};

  struct Config {
    std::int64_t dim = 16;

    void describe(Fields& fields) { fields.add("dim", dim, "Width D of a token.").at_least(1); }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The streams.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, M, D]", "One token for each stream.");
    ports.mask_output("mask", "[B, M]", "tokens");
  }

  Pool(const Config&, const Parameters& parameters) {
    const std::int64_t streams = parameters.wired("streams");
    gate_ = parameters.add("gate", {streams, 1}, Init::constant(1.0));
  }

  void infer(Shapes& shapes) const override {
    const auto streams = static_cast<std::int64_t>(shapes.inputs("streams").size());
    shapes.set("tokens", 1, streams);
    shapes.set("mask", 1, streams);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    std::vector<Tensor> pooled;
    for (std::size_t i = 0; i < streams.size(); ++i)
      pooled.push_back(masks[i] ? pool_real(streams[i], masks[i]) : mean(streams[i], {1}, true));
    const Tensor tokens = concat(pooled, 1) * gate_.tensor();
    return {{"tokens", tokens}, {"mask", full_mask(tokens)}};
  }

 private:
  static Tensor pool_real(const Tensor& stream, const Tensor& mask) {
    const Tensor column = mask.unsqueeze(-1);
    const Tensor kept = masked_fill(stream, logical_not(column), 0.0);
    return sum(kept, {1}, true) / clamp_min(sum(column, {1}, true), 1.0);
  }

  Parameter gate_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Pool)
