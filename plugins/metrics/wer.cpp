// SPDX-License-Identifier: Apache-2.0
/// Word and character error rates of what was recognised.
///
///   WER = (S + D + I) / (H + S + D)      MER = (S + D + I) / (H + S + D + I)
///   WIL = 1 − H / (H + S + D) · H / (H + S + I)      CER: the WER of characters
///
/// H words are right, S replaced, D missing, I too many, by the fewest edits, summed over all rows.
/// Words are what lies between blanks; CER counts blanks inside a text too. Of several references
/// the one with the lowest share of errors in words counts.
///
/// Shapes  as metric.bleu; outputs []. No word in any reference: NaN.
/// Source  Morris, Maier and Green 2004. The numbers are those of jiwer 4.0.

#include <weft/plugin.hpp>

#include "text/edits.hpp"
#include "text/ngrams.hpp"
#include "text/rows.hpp"
#include "text/unicode.hpp"

namespace weft {
namespace {

class Wer final : public Metric {
 public:
  static constexpr Identity identity{"metric.wer", "1.0.0", "Word and character error rates."};

  struct Config {
    bool lowercase = false;
    bool drop_punctuation = false;

    void describe(Fields& fields) {
      fields.add("lowercase", lowercase, "Capitals count as small letters.");
      fields.add("drop_punctuation", drop_punctuation, "Punctuation is left out, but apostrophes.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("wer", "[]", "Errors for each word of the references; may exceed 1.");
    ports.output("mer", "[]", "Share of all edits and hits that are errors.");
    ports.output("wil", "[]", "Word information lost.");
    ports.output("cer", "[]", "Errors for each character of the references.");
  }
  static void states(States& states, const Config&) {
    states.sum("words", {4});       // hits, substitutions, deletions, insertions
    states.sum("characters", {4});  // likewise
  }

  Wer(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    std::vector<double> words(4), characters(4);
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const std::string written = spoken(predicted);
      text::Edits best;
      double best_share = -1;
      std::string nearest;
      for (const std::string_view one : right) {
        const std::string wanted = spoken(one);
        const auto wanted_words = text::hashes_of(text::words(wanted));
        const text::Edits edits =
            text::edits_between(wanted_words, text::hashes_of(text::words(written)));
        const double share =
            edits.count() / std::max(static_cast<double>(wanted_words.size()), 1.0);
        if (best_share >= 0 && share >= best_share) continue;
        best = edits;
        best_share = share;
        nearest = wanted;
      }
      add(best, words);
      add(text::edits_between(letters(nearest), letters(written)), characters);
    });
    text::add_to(state, "words", words);
    text::add_to(state, "characters", characters);
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["words"];
    const std::vector<double> w = text::values_of(like), c = text::values_of(state["characters"]);
    const double hits = w[0], errors = w[1] + w[2] + w[3];
    const double wanted = hits + w[1] + w[2], written = hits + w[1] + w[3];
    return {{"wer", text::number_of(errors / wanted, like)},
            {"mer", text::number_of(errors / (hits + errors), like)},
            {"wil", text::number_of(1 - (written > 0 ? hits / written : 0) * hits / wanted, like)},
            {"cer", text::number_of((c[1] + c[2] + c[3]) / (c[0] + c[1] + c[2]), like)}};
  }

 private:
  /// The text with one blank between words and none around.
  std::string spoken(std::string_view given) const {
    const std::string cased = config_.lowercase ? text::lower(given) : std::string(given);
    std::string kept;
    for (std::size_t at = 0; at < cased.size();) {
      const std::size_t begin = at;
      const char32_t code = text::next_character(cased, at);
      if (config_.drop_punctuation && code != U'\'' && text::is_punctuation(code)) continue;
      kept.append(cased, begin, at - begin);
    }
    std::string joined;
    for (const std::string_view word : text::words(kept))
      joined.append(joined.empty() ? "" : " ").append(word);
    return joined;
  }

  static std::vector<char32_t> letters(std::string_view text) {
    const std::u32string codes = text::characters(text);
    return {codes.begin(), codes.end()};
  }

  static void add(const text::Edits& edits, std::vector<double>& sums) {
    sums[0] += edits.hits;
    sums[1] += edits.substitutions;
    sums[2] += edits.deletions;
    sums[3] += edits.insertions;
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Wer)
