// SPDX-License-Identifier: Apache-2.0
/// BLEU: how many n-grams of the written texts stand in a reference, over all rows together.
///
///   p_n  = Σ_rows Σ_g min(count_predicted(g), max_references count(g)) / Σ_rows Σ_g
///   count_predicted(g) BP   = 1 if c > r, else exp(1 − r / c) BLEU = 100 · BP · exp( (1 / N) Σ_{n
///   = 1 … N} log p_n )
///
/// c is the number of words written, r that of each row's reference whose length is nearest, the
/// shorter of two. `tokenize` says what a word is: see text/bleu_words.hpp. A p_n of 0 becomes by
/// `smooth`: "exp" 1 / (2^k · total) for the k-th of them, "floor" smooth_value / total, "add-k"
/// (matches + smooth_value) / (total + smooth_value) for every n above 1, "none" 0. With
/// effective_order N is the longest n that the written texts have.
///
/// Shapes  predicted uint8 [B, P], target uint8 [B, T] or [B, R, T] each, masks of the same shape,
///         present and target_present [B] bool; outputs []. No row, or no word written: 0.
/// Source  Papineni et al. 2002; Post 2018, arXiv:1804.08771. The numbers are those of sacrebleu
///         2.6, which prints the settings as nrefs:R|case:mixed|eff:no|tok:13a|smooth:exp.

#include <weft/plugin.hpp>

#include <cmath>

#include "text/bleu_words.hpp"
#include "text/ngrams.hpp"
#include "text/rows.hpp"

namespace weft {
namespace {

class Bleu final : public Metric {
 public:
  static constexpr Identity identity{"metric.bleu", "1.0.0",
                                     "N-grams of written texts that stand in a reference."};

  struct Config {
    std::int64_t max_ngram = 4;
    std::string tokenize = "13a";
    bool lowercase = false;
    std::string smooth = "exp";
    double smooth_value = -1;
    bool effective_order = false;

    void describe(Fields& fields) {
      fields.add("max_ngram", max_ngram, "N: the longest n-gram.").at_least(1).at_most(16);
      fields.add("tokenize", tokenize, "What a word is.").one_of({"13a", "intl", "char", "none"});
      fields.add("lowercase", lowercase, "Capitals count as small letters.");
      fields.add("smooth", smooth, "What becomes of a precision of 0.")
          .one_of({"exp", "floor", "add-k", "none"});
      fields.add("smooth_value", smooth_value, "Of floor and add-k; -1: 0.1 and 1.").at_least(-1);
      fields.add("effective_order", effective_order,
                 "N is the longest n-gram written; for short texts.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("bleu", "[]", "Between 0 and 100.");
    ports.output("brevity_penalty", "[]", "Below 1 where too little is written.");
    ports.output("length_ratio", "[]", "Words written for each word of a reference.");
  }
  static void states(States& states, const Config& config) {
    states.sum("lengths", {2});                 // words written, words of references
    states.sum("matches", {config.max_ngram});  // by n
    states.sum("written", {config.max_ngram});  // by n
  }

  Bleu(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const auto orders = static_cast<std::size_t>(config_.max_ngram);
    std::vector<double> lengths(2), matches(orders), written(orders);
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const auto words = words_of(predicted);
      std::vector<std::vector<std::uint64_t>> references;
      for (const std::string_view one : right) references.push_back(words_of(one));
      lengths[0] += static_cast<double>(words.size());
      lengths[1] += static_cast<double>(nearest_length(words.size(), references));
      for (std::size_t n = 1; n <= orders && n <= words.size(); ++n) {
        text::Grams most;
        for (const auto& one : references) most = text::largest(most, text::count_grams(one, n));
        matches[n - 1] += text::overlap(text::count_grams(words, n), most);
        written[n - 1] += static_cast<double>(words.size() - n + 1);
      }
    });
    text::add_to(state, "lengths", lengths);
    text::add_to(state, "matches", matches);
    text::add_to(state, "written", written);
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["lengths"];
    const std::vector<double> lengths = text::values_of(like);
    const double penalty = lengths[0] >= lengths[1] ? 1
                           : lengths[0] > 0         ? std::exp(1 - lengths[1] / lengths[0])
                                                    : 0;
    const double ratio = lengths[1] > 0 ? lengths[0] / lengths[1] : 0;
    const double bleu = penalty * mean_precision(text::values_of(state["matches"]),
                                                 text::values_of(state["written"]));
    return {{"bleu", text::number_of(bleu, like)},
            {"brevity_penalty", text::number_of(penalty, like)},
            {"length_ratio", text::number_of(ratio, like)}};
  }

 private:
  std::vector<std::uint64_t> words_of(std::string_view text) const {
    const std::string cased = config_.lowercase ? text::lower(text) : std::string(text);
    return text::hashes_of(text::bleu_words(text::without_end(cased), config_.tokenize));
  }

  static std::size_t nearest_length(std::size_t length,
                                    const std::vector<std::vector<std::uint64_t>>& references) {
    const auto distance = [&](std::size_t of) { return of > length ? of - length : length - of; };
    std::size_t nearest = references.front().size();
    for (const auto& one : references) {
      const std::size_t size = one.size();
      if (distance(size) < distance(nearest) ||
          (distance(size) == distance(nearest) && size < nearest))
        nearest = size;
    }
    return nearest;
  }

  /// 100 times the geometric mean of the precisions.
  double mean_precision(std::vector<double> matches, std::vector<double> written) const {
    const double value = config_.smooth_value >= 0   ? config_.smooth_value
                         : config_.smooth == "floor" ? 0.1
                                                     : 1.0;
    bool any = false;
    for (const double count : matches) any = any || count > 0;
    if (!any) return 0;
    double logs = 0, halves = 1;
    std::size_t order = matches.size();
    for (std::size_t n = 0; n < matches.size(); ++n) {
      if (config_.smooth == "add-k" && n > 0) {
        matches[n] += value;
        written[n] += value;
      }
      if (written[n] == 0) {
        if (!config_.effective_order) return 0;
        break;
      }
      if (config_.effective_order) order = n + 1;
      double precision = matches[n] / written[n];
      if (matches[n] == 0 && config_.smooth == "exp") precision = 1 / ((halves *= 2) * written[n]);
      if (matches[n] == 0 && config_.smooth == "floor") precision = value / written[n];
      if (precision == 0) return 0;
      logs += std::log(precision);
    }
    return 100 * std::exp(logs / static_cast<double>(order));
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Bleu)
