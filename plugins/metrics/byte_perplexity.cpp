// SPDX-License-Identifier: Apache-2.0
/// Perplexity per byte and bits per byte: how well a text is guessed, whatever its tokens are.
///
///   per_byte = exp( −Σ_t log softmax(logits_t)(y_t) / bytes ),  bits_per_byte = log2(per_byte)
///
/// The sum runs over the targets that metric.perplexity counts, `bytes` are those of the texts they
/// were made of. So models with different tokenizers can be compared. A text that is cut to the
/// length of its field is guessed only as far as its tokens go: make the field long enough.
///
/// Shapes  logits [B, S, V], target [B, S] int64, text uint8 [B, L], masks of the same shape,
/// present
///         [B] bool; outputs []. No byte: NaN. Errors  `next_token` with a target [B].

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

#include "text/rows.hpp"

namespace weft {
namespace {

class BytePerplexity final : public Metric {
 public:
  static constexpr Identity identity{"metric.byte_perplexity", "1.0.0",
                                     "Exponential of the mean surprise of a byte of text."};

  struct Config {
    bool next_token = false;
    std::int64_t ignore_index = -100;

    void describe(Fields& fields) {
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("ignore_index", ignore_index, "A target that does not count.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, S, V]", "Scores before softmax.");
    ports.input("target", "[B, S]", "The tokens that came.", WEFT_DTYPES_INDEX);
    ports.input("text", "[B, L]", "The text that the tokens were made of.", k_text_types);
    ports.mask_input("mask", "[B, S]", "target");
    ports.mask_input("text_mask", "[B, L]", "text");
    ports.present_input();
    ports.output("per_byte", "[]", "1: no doubt; 256: a guess.");
    ports.output("bits_per_byte", "[]", "0: no doubt; 8: a guess.");
  }
  static void states(States& states, const Config&) {
    states.sum("surprise");
    states.sum("bytes");
  }

  BytePerplexity(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], config_.next_token,
                                       config_.ignore_index, in["present"]);
    const Tensor surprise = negative_log_likelihood(targets, log_softmax(targets.logits, -1));
    state.add("surprise", sum(surprise.to(WEFT_DTYPE_FLOAT64)));
    const Text text(in["text"], in["text_mask"]);
    const Tensor present = in["present"] ? detail::in_a_row(in["present"]) : Tensor();
    double bytes = 0;
    for (std::int64_t row = 0; row < text.rows(); ++row)
      if (!present || present.data<bool>()[row]) bytes += static_cast<double>(text.row(row).size());
    state.add("bytes", text::number_of(bytes, state["bytes"]));
  }

  Outputs compute(const State& state) const override {
    const Tensor nats = state["surprise"] / state["bytes"];
    constexpr double k_bits = 1.4426950408889634;  // of a nat
    return {{"per_byte", exp(nats)}, {"bits_per_byte", nats * k_bits}};
  }

 private:
  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::BytePerplexity)
