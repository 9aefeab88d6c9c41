// SPDX-License-Identifier: Apache-2.0
/// ROUGE: F-score of the words that a written text shares with a reference, mean over the rows.
///
///   ROUGE-n: P = shared n-grams / n-grams written,  R = shared n-grams / n-grams of the reference
///   ROUGE-L: the same with the longest common subsequence of words, over words
///   ROUGE-Lsum: line by line, with the union of each reference line's subsequences over all lines
///   F = (1 + β²) P R / (R + β² P)
///
/// Words are runs of a–z and 0–9 in lower case; `stem` compares stems of words above three letters
/// (text/porter_stemmer.hpp). Of several references the best F counts. With `words` "blanks" a word
/// is what lies between blanks, as it is, and with `over` "parts" P and R are each the best of all
/// references: both, with β 1.2, are the ROUGE-L of COCO's caption evaluation.
///
/// Shapes  as metric.bleu; outputs []. No row: NaN.
/// Source  Lin 2004. The numbers are those of rouge-score 0.1.2, and with the settings above those
///         of pycocoevalcap 1.2.

#include <weft/plugin.hpp>

#include <unordered_map>

#include "text/ngrams.hpp"
#include "text/porter_stemmer.hpp"
#include "text/rows.hpp"
#include "text/unicode.hpp"

namespace weft {
namespace {

using WordHashes = std::vector<std::uint64_t>;

struct Share {
  double precision = 0, recall = 0;
};

Share share_of(double shared, double written, double wanted) {
  return {shared / std::max(written, 1.0), shared / std::max(wanted, 1.0)};
}

/// table[i][j]: length of the longest common subsequence of the first i and j words.
std::vector<std::vector<std::int32_t>> common_lengths(const WordHashes& a, const WordHashes& b) {
  std::vector<std::vector<std::int32_t>> table(a.size() + 1,
                                               std::vector<std::int32_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                         : std::max(table[i - 1][j], table[i][j - 1]);
  return table;
}

/// Only the length, from two rows of the table.
double longest_common(const WordHashes& a, const WordHashes& b) {
  std::vector<std::int32_t> row(b.size() + 1);
  for (const std::uint64_t word : a) {
    std::int32_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int32_t above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

/// Marks the words of `line` that a longest common subsequence with `other` holds.
void mark_common(const WordHashes& line, const WordHashes& other, std::vector<char>& marks) {
  const auto table = common_lengths(line, other);
  for (std::size_t i = line.size(), j = other.size(); i > 0 && j > 0;) {
    if (line[i - 1] == other[j - 1]) {
      marks[--i] = 1;
      --j;
    } else if (table[i][j - 1] > table[i - 1][j]) {
      --j;
    } else {
      --i;
    }
  }
}

class Rouge final : public Metric {
 public:
  static constexpr Identity identity{"metric.rouge", "1.0.0",
                                     "F-score of words shared with a reference."};

  struct Config {
    bool stem = false;
    std::string words = "letters";
    std::string over = "score";
    double beta = 1;

    void describe(Fields& fields) {
      fields.add("stem", stem, "Compare stems of English words.");
      fields.add("words", words, "Runs of letters and digits, or what lies between blanks.")
          .one_of({"letters", "blanks"});
      fields.add("over", over, "What is the best of several references: F, or P and R apart.")
          .one_of({"score", "parts"});
      fields.add("beta", beta, "How many times recall weighs as much as precision.").above(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("rouge_1", "[]", "Between 0 and 1.");
    ports.output("rouge_2", "[]", "Between 0 and 1.");
    ports.output("rouge_l", "[]", "Between 0 and 1.");
    ports.output("rouge_lsum", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("scores", {4});
    states.sum("total");
  }

  Rouge(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    std::vector<double> sums(4);
    double total = 0;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const std::vector<WordHashes> written = lines_of(predicted);
      std::vector<std::vector<Share>> shares(4);
      for (const std::string_view one : right) {
        const std::vector<WordHashes> wanted = lines_of(one);
        const WordHashes a = joined(written), b = joined(wanted);
        shares[0].push_back(of_grams(a, b, 1));
        shares[1].push_back(of_grams(a, b, 2));
        shares[2].push_back(share_of(longest_common(a, b), static_cast<double>(a.size()),
                                     static_cast<double>(b.size())));
        shares[3].push_back(of_lines(written, wanted));
      }
      for (std::size_t i = 0; i < 4; ++i) sums[i] += best_of(shares[i]);
      ++total;
    });
    text::add_to(state, "scores", sums);
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    const Tensor mean = state["scores"] / state["total"];
    return {{"rouge_1", mean.select(0, 0)},
            {"rouge_2", mean.select(0, 1)},
            {"rouge_l", mean.select(0, 2)},
            {"rouge_lsum", mean.select(0, 3)}};
  }

 private:
  WordHashes words_of(std::string_view line) const {
    WordHashes hashes;
    if (config_.words == "blanks") return text::hashes_of(text::words(line));
    const std::string low = text::lower(line);
    const auto is_part = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    for (std::size_t at = 0; at < low.size();) {
      std::size_t end = at;
      while (end < low.size() && is_part(low[end])) ++end;
      const std::string_view word = std::string_view(low).substr(at, end - at);
      if (config_.stem && word.size() > 3)
        hashes.push_back(text::hash_of(text::PorterStemmer::stem(word)));
      else if (!word.empty())
        hashes.push_back(text::hash_of(word));
      at = end + 1;
    }
    return hashes;
  }

  std::vector<WordHashes> lines_of(std::string_view text) const {
    std::vector<WordHashes> lines;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (end > at) lines.push_back(words_of(text.substr(at, end - at)));
      at = end + 1;
    }
    return lines;
  }

  static WordHashes joined(const std::vector<WordHashes>& lines) {
    WordHashes all;
    for (const WordHashes& line : lines) all.insert(all.end(), line.begin(), line.end());
    return all;
  }

  static Share of_grams(const WordHashes& written, const WordHashes& wanted, std::size_t n) {
    const text::Grams a = text::count_grams(written, n), b = text::count_grams(wanted, n);
    return share_of(text::overlap(a, b), text::total(a), text::total(b));
  }

  /// A word counts at most as often as both texts hold it.
  static Share of_lines(const std::vector<WordHashes>& written,
                        const std::vector<WordHashes>& wanted) {
    std::unordered_map<std::uint64_t, std::int64_t> left_written, left_wanted;
    double in_written = 0, in_wanted = 0, hits = 0;
    for (const WordHashes& line : written)
      for (const std::uint64_t word : line) ++left_written[word], ++in_written;
    for (const WordHashes& line : wanted)
      for (const std::uint64_t word : line) ++left_wanted[word], ++in_wanted;
    for (const WordHashes& line : wanted) {
      std::vector<char> marks(line.size());
      for (const WordHashes& other : written) mark_common(line, other, marks);
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (marks[i] == 0 || left_written[line[i]] == 0 || left_wanted[line[i]] == 0) continue;
        ++hits;
        --left_written[line[i]];
        --left_wanted[line[i]];
      }
    }
    return share_of(hits, in_written, in_wanted);
  }

  double score_of(const Share& share) const {
    const double factor = config_.beta * config_.beta;
    const double below = share.recall + factor * share.precision;
    return below > 0 ? (1 + factor) * share.precision * share.recall / below : 0;
  }

  double best_of(const std::vector<Share>& shares) const {
    Share best;
    double score = 0;
    for (const Share& one : shares) {
      score = std::max(score, score_of(one));
      best = {std::max(best.precision, one.precision), std::max(best.recall, one.recall)};
    }
    return config_.over == "parts" ? score_of(best) : score;
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Rouge)
