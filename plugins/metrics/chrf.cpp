// SPDX-License-Identifier: Apache-2.0
/// chrF and chrF++: F-score of the character n-grams that written texts share with a reference.
///
///   P_n = shared n-grams / n-grams written,  R_n = shared n-grams / n-grams of the reference
///   P, R: their means over the orders n that both have;  chrF = 100 (1 + β²) P R / (β² P + R)
///
/// The orders are those of characters, 1 to char_order, blanks left out, and of words, 1 to
/// word_order, punctuation apart: chrF has none, chrF++ two. Counts are summed over all rows, of
/// several references those of the one with the best score in its row.
///
/// Shapes  as metric.bleu; chrf []. No row: 0.
/// Source  Popović 2015 and 2017. The numbers are those of sacrebleu 2.6.

#include <weft/plugin.hpp>

#include "text/ngrams.hpp"
#include "text/rows.hpp"
#include "text/unicode.hpp"

namespace weft {
namespace {

class ChrF final : public Metric {
 public:
  static constexpr Identity identity{"metric.chrf", "1.0.0",
                                     "F-score of shared character n-grams."};

  struct Config {
    std::int64_t char_order = 6;
    std::int64_t word_order = 0;
    double beta = 2;
    bool lowercase = false;

    void describe(Fields& fields) {
      fields.add("char_order", char_order, "Longest n-gram of characters.").at_least(1).at_most(16);
      fields.add("word_order", word_order, "Longest n-gram of words; 2: chrF++.")
          .at_least(0)
          .at_most(16);
      fields.add("beta", beta, "How many times recall weighs as much as precision.").above(0);
      fields.add("lowercase", lowercase, "Capitals count as small letters.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("chrf", "[]", "Between 0 and 100.");
  }
  static void states(States& states, const Config& config) {
    states.sum("counts", {config.char_order + config.word_order, 3});  // written, wanted, shared
  }

  ChrF(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    std::vector<double> sums(static_cast<std::size_t>(config_.char_order + config_.word_order) * 3);
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const std::vector<text::Grams> written = grams_of(predicted);
      std::vector<double> best;
      double best_score = -1;
      for (const std::string_view one : right) {
        std::vector<double> counts = counts_of(written, grams_of(one));
        const double score = score_of(counts);
        if (score <= best_score) continue;
        best_score = score;
        best = std::move(counts);
      }
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += best[i];
    });
    const Tensor like = state["counts"];
    state.add("counts", text::tensor_of(sums, like.sizes(), like));
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["counts"];
    return {{"chrf", text::number_of(score_of(text::values_of(like)), like)}};
  }

 private:
  /// By order: of characters, then of words.
  std::vector<text::Grams> grams_of(std::string_view given) const {
    const std::string text = config_.lowercase ? text::lower(given) : std::string(given);
    std::vector<std::uint64_t> letters;
    for (const char32_t code : text::characters(text))
      if (!text::is_blank(code)) letters.push_back(text::mixed(code + 1));
    std::vector<text::Grams> grams;
    for (std::int64_t n = 1; n <= config_.char_order; ++n)
      grams.push_back(text::count_grams(letters, static_cast<std::size_t>(n)));
    if (config_.word_order == 0) return grams;
    const std::vector<std::uint64_t> words = text::hashes_of(punctuation_apart(text));
    for (std::int64_t n = 1; n <= config_.word_order; ++n)
      grams.push_back(text::count_grams(words, static_cast<std::size_t>(n)));
    return grams;
  }

  /// One ASCII punctuation mark at the end of a word, or else at its beginning, is a word.
  static std::vector<std::string_view> punctuation_apart(std::string_view text) {
    const auto is_mark = [](char c) {
      return text::is_ascii_punctuation(static_cast<unsigned char>(c));
    };
    std::vector<std::string_view> words;
    for (const std::string_view word : text::words(text)) {
      if (word.size() > 1 && is_mark(word.back())) {
        words.push_back(word.substr(0, word.size() - 1));
        words.push_back(word.substr(word.size() - 1));
      } else if (word.size() > 1 && is_mark(word.front())) {
        words.push_back(word.substr(0, 1));
        words.push_back(word.substr(1));
      } else {
        words.push_back(word);
      }
    }
    return words;
  }

  /// [order, 3]. What is written counts only where the reference has n-grams of the order.
  static std::vector<double> counts_of(const std::vector<text::Grams>& written,
                                       const std::vector<text::Grams>& wanted) {
    std::vector<double> counts;
    for (std::size_t n = 0; n < written.size(); ++n) {
      counts.push_back(wanted[n].empty() ? 0 : text::total(written[n]));
      counts.push_back(text::total(wanted[n]));
      counts.push_back(text::overlap(written[n], wanted[n]));
    }
    return counts;
  }

  double score_of(const std::vector<double>& counts) const {
    double precision = 0, recall = 0, orders = 0;
    for (std::size_t i = 0; i < counts.size(); i += 3) {
      if (counts[i] == 0 || counts[i + 1] == 0) continue;
      precision += counts[i + 2] / counts[i];
      recall += counts[i + 2] / counts[i + 1];
      ++orders;
    }
    if (precision + recall == 0) return 0;
    precision /= orders;
    recall /= orders;
    const double factor = config_.beta * config_.beta;
    return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::ChrF)
