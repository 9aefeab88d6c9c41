// SPDX-License-Identifier: Apache-2.0
/// METEOR: words aligned with a reference, exactly, by their stems and by synonyms, in few pieces.
///
///   P = m / words written,  R = m / words wanted,  F = P R / (α P + (1 − α) R)
///   METEOR = F (1 − γ (chunks / m)^β), the best of all references, mean over the rows
///
/// m words are aligned, in runs that follow each other in both texts: the chunks. Words are what
/// lies between blanks, in lower case, or with `tokenize` "captions" those of metric.cider. From
/// the end of the written text each word takes the last one like it that is free in the reference;
/// words left over do the same with their stems (text/porter_stemmer.hpp). With `wordnet` those
/// left over then take the last free stem that is a synonym of theirs (text/wordnet.hpp).
///
/// Shapes  as metric.bleu; meteor []. No row: NaN.
/// Source  Banerjee and Lavie 2005; Lavie and Agarwal 2007. The numbers are those of NLTK
///         3.10, without `wordnet` as with a WordNet that is empty; METEOR 1.5 has other weights,
///         paraphrases and function words.

#include <weft/plugin.hpp>

#include <cmath>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/caption_words.hpp"
#include "text/porter_stemmer.hpp"
#include "text/rows.hpp"
#include "text/wordnet.hpp"

namespace weft {
namespace {

class Meteor final : public Metric {
 public:
  static constexpr Identity identity{"metric.meteor", "1.1.0",
                                     "Words aligned with a reference, also by their stems."};

  struct Config {
    std::string tokenize = "none";
    std::string wordnet;
    double alpha = 0.9;
    double beta = 3;
    double gamma = 0.5;

    void describe(Fields& fields) {
      fields.add("tokenize", tokenize, "What a word is.").one_of({"captions", "none"});
      fields.add(
          "wordnet", wordnet,
          "A folder of WordNet's dictionary, whose synonyms match too; Debian's wordnet-base "
          "has it in /usr/share/wordnet. Empty: none do.");
      fields.add("alpha", alpha, "How much recall weighs beside precision.").at_least(0).at_most(1);
      fields.add("beta", beta, "Power of the share of chunks.").at_least(0);
      fields.add("gamma", gamma, "What is lost at most by chunks.").at_least(0).at_most(1);
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("meteor", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("score");
    states.sum("total");
  }

  Meteor(const Config& config, const Parameters&) : config_(config) {
    if (config.wordnet.empty()) return;
    try {
      wordnet_ = std::make_unique<text::WordNet>(config.wordnet);
    } catch (const std::runtime_error& problem) {
      reject("wordnet", "expected a folder of WordNet's dictionary, found that " +
                            std::string(problem.what()) +
                            ". Install Debian's wordnet-base and name /usr/share/wordnet.");
    }
  }

  void update(const Inputs& in, State& state) const override {
    double score = 0, total = 0;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const Words written = words_of(predicted);
      double best = 0;
      for (const std::string_view one : right)
        best = std::max(best, score_of(written, words_of(one)));
      score += best;
      ++total;
    });
    state.add("score", text::number_of(score, state["score"]));
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    return {{"meteor", state["score"] / state["total"]}};
  }

 private:
  static constexpr std::size_t k_free = ~std::size_t{0};
  struct Words {
    std::vector<std::string> words, stems;
  };

  Words words_of(std::string_view text) const {
    Words found;
    if (config_.tokenize == "captions") {
      found.words = text::caption_words(text);
    } else {
      const std::string low = text::lower(text);
      for (const std::string_view word : text::words(low)) found.words.emplace_back(word);
    }
    for (const std::string& word : found.words)
      found.stems.push_back(text::PorterStemmer::stem(word));
    return found;
  }

  /// Adds pairs of equal words that are free on both sides.
  static void align(const std::vector<std::string>& written, const std::vector<std::string>& wanted,
                    std::vector<std::size_t>& partner, std::vector<char>& taken) {
    std::unordered_map<std::string_view, std::vector<std::size_t>> places;
    for (std::size_t j = 0; j < wanted.size(); ++j)
      if (taken[j] == 0) places[wanted[j]].push_back(j);
    for (std::size_t i = written.size(); i-- > 0;) {
      if (partner[i] != k_free) continue;
      const auto found = places.find(written[i]);
      if (found == places.end() || found->second.empty()) continue;
      partner[i] = found->second.back();
      taken[partner[i]] = 1;
      found->second.pop_back();
    }
  }

  /// The same with synonyms, of which the one that stands last is taken.
  void align_synonyms(const Words& written, const Words& wanted, std::vector<std::size_t>& partner,
                      std::vector<char>& taken) const {
    for (std::size_t i = partner.size(); i-- > 0;) {
      if (partner[i] != k_free) continue;
      const std::set<std::string>& synonyms = wordnet_->synonyms(written.stems[i]);
      for (std::size_t j = taken.size(); j-- > 0;) {
        if (taken[j] != 0 || synonyms.count(wanted.stems[j]) == 0) continue;
        partner[i] = j;
        taken[j] = 1;
        break;
      }
    }
  }

  double score_of(const Words& written, const Words& wanted) const {
    std::vector<std::size_t> partner(written.words.size(), k_free);
    std::vector<char> taken(wanted.words.size());
    align(written.words, wanted.words, partner, taken);
    align(written.stems, wanted.stems, partner, taken);
    if (wordnet_) align_synonyms(written, wanted, partner, taken);
    double matches = 0, chunks = 0;
    for (std::size_t i = 0; i < partner.size(); ++i) {
      if (partner[i] == k_free) continue;
      ++matches;
      const bool goes_on = i > 0 && partner[i - 1] != k_free && partner[i - 1] + 1 == partner[i];
      chunks += goes_on ? 0 : 1;
    }
    if (matches == 0) return 0;
    const double precision = matches / static_cast<double>(written.words.size());
    const double recall = matches / static_cast<double>(wanted.words.size());
    const double mean =
        precision * recall / (config_.alpha * precision + (1 - config_.alpha) * recall);
    return mean * (1 - config_.gamma * std::pow(chunks / matches, config_.beta));
  }

  Config config_;
  std::unique_ptr<text::WordNet> wordnet_;  ///< null: synonyms do not match
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Meteor)
