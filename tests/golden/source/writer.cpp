// SPDX-License-Identifier: Apache-2.0
/// Golden writer: a decoder that is given new tokens alone, by caches. ABI 0.10 and the draft
/// weft.draft.caches/1; where a host offers no caches it computes whole texts.
///
///   x_t = E[y_t] + P[t]
///   logits_t = (Σ_{s≤t} softmax_s(x_t x_sᵀ / √D) x_s + mean_n(state_n) W_cᵀ) Uᵀ
///
/// state [B, N, D], y [B, S] → [B, S, V]

#include <weft/plugin.hpp>
#include <weft/sequence.hpp>

namespace weft {
namespace {

class Writer final : public Decoder {
 public:
  static constexpr Identity identity{"golden/decoder.writer", "1.0.0", "Token after token."};
  static constexpr std::int64_t positions = 64;

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
    ports.input("target", "[B, S]", "Tokens so far, 64 at most.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Row t scores the token at t + 1.");
  }

  Writer(const Config& config, const Parameters& parameters)
      : embedding_(parameters.add_without_decay("embedding", {config.vocab, config.dim},
                                                Init::normal(0.02))),
        position_(
            parameters.add_without_decay("position", {positions, config.dim}, Init::normal(0.02))),
        context_(parameters.add("context", {config.dim, config.dim}, Init::xavier())),
        out_(parameters.add("out", {config.vocab, config.dim}, Init::xavier())),
        keys_(parameters, "keys", WEFT_CACHE_APPEND, 2),
        values_(parameters, "values", WEFT_CACHE_APPEND, 2),
        kept_context_(parameters, "context", WEFT_CACHE_ONCE) {
    parameters.incremental();
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor tokens = in["target"];
    const Tensor context = kept_context_.once([&] {
      return linear(mean(in["state"], {1}), context_, Tensor()).unsqueeze(1);  // [B, 1, D]
    });
    const Tensor rows =
        embedding(embedding_, tokens) + position_rows(position_, tokens.size(1));  // [B, n, D]
    const Tensor head = rows.unsqueeze(1);                                         // [B, 1, n, D]
    const Tensor seen = in_sequence() ? attend(keys_, values_, head, head, head)
                                      : attention(head, head, head, Tensor(), true);
    return {{"logits", linear(seen.select(1, 0) + context, out_, Tensor())}};
  }

  const void* extension(std::string_view id) const override {
    static const weft_autoregressive table = {
        sizeof(weft_autoregressive), 0, "target", "logits", 2, 3, 0};
    return id == WEFT_AUTOREGRESSIVE ? &table : nullptr;
  }

 private:
  Parameter embedding_, position_, context_, out_;
  Cache keys_, values_, kept_context_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Writer)
