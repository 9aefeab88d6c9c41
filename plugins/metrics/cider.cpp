// SPDX-License-Identifier: Apache-2.0
/// CIDEr-D and CIDEr: how near a caption is to its references, by n-grams that few pictures share.
///
///   w_g = count(g) · (log N − log max(1, pictures of the split whose references hold g))
///   CIDEr-D_n(c, r) = Σ_g min(w_g(c), w_g(r)) w_g(r) / (‖w(c)‖ ‖w(r)‖) · exp(−(l_c − l_r)² / 2σ²)
///   CIDEr-D(c) = 10 / 4 Σ_{n = 1 … 4} mean_r CIDEr-D_n(c, r), and its mean over the N rows
///
/// l is a text's number of bigrams, σ is 6. "cider" leaves the minimum and the factor of length
/// out: the cosine of both. How rare an n-gram is follows from all rows, so that they are kept
/// until the end: 32 bytes for each different n-gram of each text. `tokenize` "captions" makes
/// words as COCO's evaluation does, nearly (text/caption_words.hpp); "none" takes what lies between
/// blanks.
///
/// Shapes  as metric.bleu; cider []. No row: NaN.
/// Source  Vedantam et al. 2015, arXiv:1411.5726. Of given words the numbers are those of
///         pycocoevalcap 1.2, which prints CIDEr-D as CIDEr.

#include <weft/plugin.hpp>

#include <array>
#include <cmath>
#include <unordered_map>

#include "text/caption_words.hpp"
#include "text/ngrams.hpp"
#include "text/rows.hpp"

namespace weft {
namespace {

constexpr std::size_t k_orders = 4, k_columns = 4;
constexpr double k_row = -1;  // in the first column: here a row begins

/// A text's n-grams by n, with their counts or weights.
struct Sentence {
  std::array<text::Grams, k_orders> grams;
  double bigrams = 0;
};
/// The caption, then its references.
using Picture = std::vector<Sentence>;

class Cider final : public Metric {
 public:
  static constexpr Identity identity{"metric.cider", "1.0.0",
                                     "Consensus of a caption with its references."};

  struct Config {
    std::string variant = "cider_d";
    std::string tokenize = "captions";
    double sigma = 6;

    void describe(Fields& fields) {
      fields.add("variant", variant, "With or without minimum and length.")
          .one_of({"cider_d", "cider"});
      fields.add("tokenize", tokenize, "What a word is.").one_of({"captions", "none"});
      fields.add("sigma", sigma, "How many bigrams more or less are much.").above(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("cider", "[]", "Between 0 and 10.");
  }
  static void states(States& states, const Config&) { states.rows("grams", {k_columns}); }

  Cider(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    std::vector<double> table;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      table.insert(table.end(), {k_row, static_cast<double>(right.size()), 0, 0});
      add_text(predicted, 0, table);
      for (std::size_t i = 0; i < right.size(); ++i)
        add_text(right[i], static_cast<double>(i + 1), table);
    });
    const Tensor before = state["grams"];
    const auto added = static_cast<std::int64_t>(table.size() / k_columns);
    state.set("grams", concat({before, text::tensor_of(table, {added, k_columns}, before)}, 0));
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["grams"];
    std::vector<Picture> pictures = pictures_of(text::values_of(like));
    weigh(pictures);
    double sum = 0;
    for (const Picture& picture : pictures) sum += score_of(picture);
    return {{"cider", text::number_of(sum / static_cast<double>(pictures.size()), like)}};
  }

 private:
  void add_text(std::string_view text, double number, std::vector<double>& table) const {
    constexpr unsigned k_dropped_bits = 11;  // of the hash, so that a float64 holds it
    const std::vector<std::uint64_t> words = config_.tokenize == "none"
                                                 ? text::hashes_of(text::words(text))
                                                 : text::hashes_of(text::caption_words(text));
    for (std::size_t n = 1; n <= k_orders; ++n)
      for (const text::Gram& gram : text::count_grams(words, n))
        table.insert(table.end(), {number, static_cast<double>(n),
                                   static_cast<double>(gram.hash >> k_dropped_bits), gram.count});
  }

  static std::vector<Picture> pictures_of(const std::vector<double>& table) {
    std::vector<Picture> pictures;
    for (std::size_t at = 0; at < table.size(); at += k_columns) {
      if (table[at] == k_row) {
        pictures.emplace_back(static_cast<std::size_t>(table[at + 1]) + 1);
        continue;
      }
      Sentence& sentence = pictures.back()[static_cast<std::size_t>(table[at])];
      const auto n = static_cast<std::size_t>(table[at + 1]);
      sentence.grams[n - 1].push_back({static_cast<std::uint64_t>(table[at + 2]), table[at + 3]});
      if (n == 2) sentence.bigrams += table[at + 3];
    }
    return pictures;
  }

  /// Turns counts into weights.
  static void weigh(std::vector<Picture>& pictures) {
    const double log_n = std::log(static_cast<double>(pictures.size()));
    for (std::size_t n = 0; n < k_orders; ++n) {
      std::unordered_map<std::uint64_t, double> holding;  // pictures whose references hold it
      for (const Picture& picture : pictures) {
        text::Grams any;
        for (std::size_t i = 1; i < picture.size(); ++i)
          any = text::largest(any, picture[i].grams[n]);
        for (const text::Gram& gram : any) ++holding[gram.hash];
      }
      for (Picture& picture : pictures)
        for (Sentence& sentence : picture)
          for (text::Gram& gram : sentence.grams[n]) {
            const auto found = holding.find(gram.hash);
            gram.count *= log_n - (found == holding.end() ? 0.0 : std::log(found->second));
          }
    }
  }

  double score_of(const Picture& picture) const {
    double sum = 0;
    for (std::size_t i = 1; i < picture.size(); ++i) sum += likeness(picture.front(), picture[i]);
    return 10 * sum / static_cast<double>(k_orders * (picture.size() - 1));
  }

  /// Σ_n of one caption and one reference.
  double likeness(const Sentence& caption, const Sentence& reference) const {
    const bool is_d = config_.variant == "cider_d";
    double sum = 0;
    for (std::size_t n = 0; n < k_orders; ++n) {
      double shared = 0;
      text::for_common(caption.grams[n], reference.grams[n],
                       [&](double x, double y) { shared += (is_d ? std::min(x, y) : x) * y; });
      const double norms = norm(caption.grams[n]) * norm(reference.grams[n]);
      if (norms > 0) sum += shared / norms;
    }
    const double apart = caption.bigrams - reference.bigrams;
    return is_d ? sum * std::exp(-apart * apart / (2 * config_.sigma * config_.sigma)) : sum;
  }

  static double norm(const text::Grams& weights) {
    double squares = 0;
    for (const text::Gram& gram : weights) squares += gram.count * gram.count;
    return std::sqrt(squares);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Cider)
