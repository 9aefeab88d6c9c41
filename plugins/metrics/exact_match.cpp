// SPDX-License-Identifier: Apache-2.0
/// Exact match: the share of written sequences that equal a wanted one, token by token.
///
///   exact_match = #{b : words(predicted_b) ∈ {words(target_b), words(others_1b), …}} / #{b}
///
/// words() leaves out what lies at or behind the first end token, begin tokens and padding: what
/// the mask says, or where there is none pad_id. So sequences may differ in length. The unknown
/// token stands for many words; a sequence that holds it equals none, since nobody can tell from
/// the tokens which word it was. `others` are further answers that are as right as `target`, such
/// as the captions of one picture by several people; one that a sample lacks is no answer. Rows
/// that are not present do not count.
///
/// Shapes  predicted [B, P], target [B, S], others each [B, S_i], int64; their masks of the same
///         shape, present and others_present [B] bool; exact_match []. No sequence: NaN.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class ExactMatch final : public Metric {
 public:
  static constexpr Identity identity{"metric.exact_match", "1.2.0",
                                     "Share of sequences that are right as a whole."};

  struct Config {
    std::int64_t begin_id = 2;
    std::int64_t end_id = 3;
    std::int64_t pad_id = 0;
    std::int64_t unknown_id = -1;

    void describe(Fields& fields) {
      fields.add("begin_id", begin_id, "Token that starts a sequence; -1: none.").at_least(-1);
      fields.add("end_id", end_id, "Token that ends it; -1: none.").at_least(-1);
      fields.add("pad_id", pad_id, "Token that follows the end; -1: none.").at_least(-1);
      fields
          .add("unknown_id", unknown_id, "Token of words that are not in the vocabulary; -1: none.")
          .at_least(-1);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("predicted", "[B, P]", "What was written.", WEFT_DTYPES_INDEX);
    ports.input("target", "[B, S]", "What was wanted.", WEFT_DTYPES_INDEX);
    ports.optional_input_list("others", "[B, S*]", "Further sequences that are right.",
                              WEFT_DTYPES_INDEX);
    ports.mask_input("predicted_mask", "[B, P]", "predicted");
    ports.mask_input("target_mask", "[B, S]", "target");
    ports.mask_input_list("others_masks", "[B, S*]", "others");
    ports.present_input();
    ports.optional_input_list("others_present", "[B]", "False: the sample lacks this answer.",
                              WEFT_DTYPES_BOOL);
    ports.output("exact_match", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("right");
    states.sum("total");
  }

  ExactMatch(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Text predicted{in["predicted"], in["predicted_mask"]};
    Tensor right = matches(predicted, {in["target"], in["target_mask"]});  // [B]
    const std::vector<Tensor> others = in.list("others");
    const std::vector<Tensor> masks = in.list("others_masks", others.size());
    const std::vector<Tensor> present = in.list("others_present", others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
      Tensor match = matches(predicted, {others[i], masks[i]});
      if (present[i]) match = logical_and(match, present[i]);
      right = logical_or(right, match);
    }
    const Tensor counted = in["present"];
    state.add("right", sum(counted ? logical_and(right, counted) : right));
    state.add("total", sum(counted ? counted : full_like(right, 1.0)));
  }

  Outputs compute(const State& state) const override {
    return {{"exact_match", state["right"] / state["total"]}};
  }

 private:
  struct Text {
    Tensor tokens, mask;  // [B, S]; no mask: absent
  };

  /// True where the two sequences hold the same words.
  Tensor matches(const Text& predicted, const Text& target) const {
    const Tensor predicted_words = words(predicted);           // [B, P] bool
    const Tensor target_words = words(target);                 // [B, S] bool
    const Tensor predicted_count = sum(predicted_words, {1});  // [B]
    const Tensor target_count = sum(target_words, {1});        // [B]

    // The n-th word of the one must be the n-th word of the other: as many such pairs as words.
    const Tensor same_place = equal(cumulative_sum(predicted_words, 1).unsqueeze(2),
                                    cumulative_sum(target_words, 1).unsqueeze(1));  // [B, P, S]
    const Tensor same_token =
        logical_and(equal(predicted.tokens.unsqueeze(2), target.tokens.unsqueeze(1)),
                    not_equal(target.tokens, config_.unknown_id).unsqueeze(1));
    const Tensor both_words = logical_and(predicted_words.unsqueeze(2), target_words.unsqueeze(1));
    const Tensor pairs = sum(logical_and(logical_and(same_place, same_token), both_words), {1, 2});
    return logical_and(equal(pairs, predicted_count), equal(pairs, target_count));
  }

  /// True where a token is part of the text.
  Tensor words(const Text& text) const {
    Tensor end = equal(text.tokens, config_.end_id);
    if (config_.begin_id == config_.end_id) {  // GPT-2 has one token for both: the first begins
      const Tensor place = cumulative_sum(full_like(text.tokens, 1.0), 1);
      end = logical_and(end, not_equal(place, std::int64_t{1}));
    }
    const Tensor ends = cumulative_sum(end, 1);  // up to here, inclusive
    const Tensor real = text.mask ? text.mask : not_equal(text.tokens, config_.pad_id);
    const Tensor word = logical_and(not_equal(text.tokens, config_.begin_id), real);
    return logical_and(word, equal(ends, std::int64_t{0}));
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::ExactMatch)
