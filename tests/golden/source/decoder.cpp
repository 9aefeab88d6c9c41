// SPDX-License-Identifier: Apache-2.0
/// Golden decoder: the next token from the present one and the state's first token.
///
///   logits_t = tanh(E[y_t] + state_0) W + b          state [B, N, D], y [B, S] → [B, S, V]
///
/// It can write token after token: weft.autoregressive/1.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class NextToken final : public Decoder {
 public:
  static constexpr Identity identity{"golden/decoder.next_token", "1.0.0", "The next token."};

  struct Config {
    std::int64_t dim = 16;
    std::int64_t vocab = 32;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the state.").at_least(1);
      fields.add("vocab", vocab, "Number V of tokens in the vocabulary.").at_least(4);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("V", config.vocab);
    ports.input("state", "[B, N, D]", "The reasoning state.");
    ports.input("target", "[B, S]", "Tokens so far.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Row t scores the token at t + 1.");
  }

  NextToken(const Config& config, const Parameters& parameters)
      : embedding_(parameters, "embedding", config.vocab, config.dim),
        out_(parameters, "out", config.dim, config.vocab) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor first = in["state"].select(1, 0).unsqueeze(1);  // [B, 1, D]
    return {{"logits", out_(tanh(embedding_(in["target"]) + first))}};
  }

  const void* extension(std::string_view id) const override {
    static const weft_autoregressive table = {
        sizeof(weft_autoregressive), 0, "target", "logits", 2, 3, 0};
    return id == WEFT_AUTOREGRESSIVE ? &table : nullptr;
  }

 private:
  Embedding embedding_;
  Linear out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::NextToken)
