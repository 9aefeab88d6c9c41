// SPDX-License-Identifier: Apache-2.0
/// Agreement: the share of rows in which two answers to the same question are the same.
///
///   agreement = #{b : answer(first_b) = answer(second_b)} / #{b}
///
/// For what should not change an answer: a paraphrase, another order of options, another wording;
/// for a rationale and the answer that follows it; and, where it should be low, for a modality that
/// was exchanged. answer() is by `compare` "text" the text without blanks around it, "squad" its
/// words without case, punctuation and articles, "last_word" the last of these, "last_number" its
/// last number. Where there is no last word or number, the row does not agree.
///
/// Shapes  first uint8 [B, P], second uint8 [B, T], masks of the same shape, present [B] bool;
///         agreement []. No row: NaN.

#include <weft/plugin.hpp>

#include "text/math_answer.hpp"
#include "text/rows.hpp"
#include "text/squad_words.hpp"

namespace weft {
namespace {

class Agreement final : public Metric {
 public:
  static constexpr Identity identity{"metric.agreement", "1.1.0",
                                     "Share of rows in which two answers are the same."};

  struct Config {
    std::string compare = "squad";

    void describe(Fields& fields) {
      fields.add("compare", compare, "What has to be the same.")
          .one_of({"text", "squad", "last_word", "last_number"});
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("first", "[B, P]", "One answer.", k_text_types);
    ports.input("second", "[B, T]", "The other.", k_text_types);
    ports.mask_input("first_mask", "[B, P]", "first");
    ports.mask_input("second_mask", "[B, T]", "second");
    ports.present_input();
    ports.output("agreement", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("same");
    states.sum("total");
  }

  Agreement(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Text first(in["first"], in["first_mask"]), second(in["second"], in["second_mask"]);
    const Tensor present = in["present"] ? detail::in_a_row(in["present"]) : Tensor();
    double same = 0, total = 0;
    for (std::int64_t row = 0; row < first.rows(); ++row) {
      if (present && !present.data<bool>()[row]) continue;
      same += is_same(first.row(row), second.row(row)) ? 1 : 0;
      ++total;
    }
    state.add("same", text::number_of(same, state["same"]));
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    return {{"agreement", state["same"] / state["total"]}};
  }

 private:
  bool is_same(std::string_view a, std::string_view b) const {
    if (config_.compare == "squad") return text::squad_words(a) == text::squad_words(b);
    if (config_.compare == "text") return trimmed(a) == trimmed(b);
    if (config_.compare == "last_word") {
      const auto x = text::squad_words(a), y = text::squad_words(b);
      return !x.empty() && !y.empty() && x.back() == y.back();
    }
    const auto x = text::last_number(a), y = text::last_number(b);
    return x && y && *x == *y;
  }

  static std::string_view trimmed(std::string_view text) {
    const std::vector<std::string_view> words = text::words(text);
    if (words.empty()) return {};
    const char* const end = words.back().data() + words.back().size();
    return {words.front().data(), static_cast<std::size_t>(end - words.front().data())};
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Agreement)
