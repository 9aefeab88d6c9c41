// SPDX-License-Identifier: Apache-2.0
/// Exact match: the share of written sequences that equal a wanted one, token by token.
///
///   exact_match = #{b : words(predicted_b) ∈ {words(target_b), words(others_1b), …}} / B
///
/// words() leaves out what lies at or behind the first end token, begin tokens and padding, so
/// sequences may differ in length. `others` are further answers that are as right as `target`,
/// such as the captions of one picture by several people.
///
/// Shapes  predicted [B, P], target [B, S], others each [B, S_i], int64; exact_match []. No
///         sequence: NaN.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class ExactMatch final : public Metric {
 public:
  static constexpr Identity identity{"metric.exact_match", "1.1.0",
                                     "Share of sequences that are right as a whole."};

  struct Config {
    std::int64_t begin_id = 2;
    std::int64_t end_id = 3;
    std::int64_t pad_id = 0;

    void describe(Fields& fields) {
      fields.add("begin_id", begin_id, "Token that starts a sequence.").at_least(0);
      fields.add("end_id", end_id, "Token that ends it.").at_least(0);
      fields.add("pad_id", pad_id, "Token that follows the end.").at_least(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("predicted", "[B, P]", "What was written.", WEFT_DTYPES_INDEX);
    ports.input("target", "[B, S]", "What was wanted.", WEFT_DTYPES_INDEX);
    ports.optional_input_list("others", "[B, S*]", "Further sequences that are right.",
                              WEFT_DTYPES_INDEX);
    ports.output("exact_match", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("right");
    states.sum("total");
  }

  ExactMatch(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    Tensor right = matches(in["predicted"], in["target"]);  // [B]
    for (const Tensor& other : in.list("others"))
      right = logical_or(right, matches(in["predicted"], other));
    state.add("right", sum(right));
    state.add("total", sum(full_like(right, 1.0)));
  }

  Outputs compute(const State& state) const override {
    return {{"exact_match", state["right"] / state["total"]}};
  }

 private:
  /// True where the two sequences hold the same words.
  Tensor matches(const Tensor& predicted, const Tensor& target) const {
    const Tensor predicted_words = words(predicted);           // [B, P] bool
    const Tensor target_words = words(target);                 // [B, S] bool
    const Tensor predicted_count = sum(predicted_words, {1});  // [B]
    const Tensor target_count = sum(target_words, {1});        // [B]

    // The n-th word of the one must be the n-th word of the other: as many such pairs as words.
    const Tensor same_place = equal(cumulative_sum(predicted_words, 1).unsqueeze(2),
                                    cumulative_sum(target_words, 1).unsqueeze(1));  // [B, P, S]
    const Tensor same_token = equal(predicted.unsqueeze(2), target.unsqueeze(1));
    const Tensor both_words = logical_and(predicted_words.unsqueeze(2), target_words.unsqueeze(1));
    const Tensor pairs = sum(logical_and(logical_and(same_place, same_token), both_words), {1, 2});
    return logical_and(equal(pairs, predicted_count), equal(pairs, target_count));
  }

  /// True where a token is part of the text.
  Tensor words(const Tensor& tokens) const {
    const Tensor ends = cumulative_sum(equal(tokens, config_.end_id), 1);  // up to here, inclusive
    const Tensor word =
        logical_and(not_equal(tokens, config_.begin_id), not_equal(tokens, config_.pad_id));
    return logical_and(word, equal(ends, std::int64_t{0}));
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::ExactMatch)
