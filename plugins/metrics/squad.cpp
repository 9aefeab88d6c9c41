// SPDX-License-Identifier: Apache-2.0
/// SQuAD's exact match and F1 of short answers, mean over the rows.
///
///   exact_match = 1 if words(predicted) = words(answer) for an answer, else 0
///   F1 = max_answers 2 P R / (P + R),  P = shared words / words written,  R = shared / wanted
///
/// words() is lower case without punctuation and articles (text/squad_words.hpp). A pair of texts
/// that share no word has F1 0, also if both are empty.
///
/// Shapes  as metric.bleu; outputs []. No row: NaN.
/// Source  Rajpurkar et al. 2016, arXiv:1606.05250; the official script 1.1 prints 100 times these.

#include <weft/plugin.hpp>

#include "text/ngrams.hpp"
#include "text/rows.hpp"
#include "text/squad_words.hpp"

namespace weft {
namespace {

class Squad final : public Metric {
 public:
  static constexpr Identity identity{"metric.squad", "1.0.0",
                                     "Exact match and F1 of the words of short answers."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    text::declare_rows(ports);
    ports.output("exact_match", "[]", "Between 0 and 1.");
    ports.output("f1", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("exact");
    states.sum("f1");
    states.sum("total");
  }

  Squad(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    double exact = 0, f1 = 0, total = 0;
    const text::Rows rows(in);
    rows.for_each([&](std::string_view predicted, const std::vector<std::string_view>& right) {
      const std::vector<std::string> written = text::squad_words(predicted);
      double best = 0;
      bool is_exact = false;
      for (const std::string_view one : right) {
        const std::vector<std::string> wanted = text::squad_words(one);
        is_exact = is_exact || written == wanted;
        best = std::max(best, f1_of(written, wanted));
      }
      exact += is_exact ? 1 : 0;
      f1 += best;
      ++total;
    });
    state.add("exact", text::number_of(exact, state["exact"]));
    state.add("f1", text::number_of(f1, state["f1"]));
    state.add("total", text::number_of(total, state["total"]));
  }

  Outputs compute(const State& state) const override {
    return {{"exact_match", state["exact"] / state["total"]}, {"f1", state["f1"] / state["total"]}};
  }

 private:
  static double f1_of(const std::vector<std::string>& written,
                      const std::vector<std::string>& wanted) {
    const double shared = text::overlap(text::count_grams(text::hashes_of(written), 1),
                                        text::count_grams(text::hashes_of(wanted), 1));
    if (shared == 0) return 0;
    const double precision = shared / static_cast<double>(written.size());
    const double recall = shared / static_cast<double>(wanted.size());
    return 2 * precision * recall / (precision + recall);
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Squad)
