// SPDX-License-Identifier: Apache-2.0
/// Ranking: how high the right candidates of each query stand, mean over the queries.
///
///   found_at_k = #{queries with a right one among the first k} / queries
///   recall_at_k = mean of (right ones among the first k) / (right ones)
///   mrr = mean of 1 / rank of the first right one; median_rank: the median of those ranks
///   map = mean over queries of the mean precision at each right one, equal scores taken at once
///   ndcg_at_10 = mean of Σ_{right, rank r ≤ 10} 1 / log2(r + 1), divided by the most possible
///
/// Of equal scores the candidate that stands first is before the other. Queries without a right
/// candidate, and rows that are not present, do not count. For candidates that are other rows of
/// the split, see metric.recall.
///
/// Shapes  scores [B, N], relevant [B, N] bool, mask [B, N], present [B] bool; outputs []. No
/// query:
///         NaN.
/// Source  Manning, Raghavan and Schütze 2008, chapter 8; Järvelin and Kekäläinen 2002.

#include <weft/plugin.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "text/rows.hpp"

namespace weft {
namespace {

constexpr std::array<std::size_t, 3> k_places = {1, 5, 10};

class Ranking final : public Metric {
 public:
  static constexpr Identity identity{"metric.ranking", "1.0.0",
                                     "How high right candidates stand among all."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("scores", "[B, N]", "A score for each candidate.");
    ports.input("relevant", "[B, N]", "True: this candidate is right.", WEFT_DTYPES_BOOL);
    ports.mask_input("mask", "[B, N]", "scores");
    ports.present_input();
    for (const char* name : k_means) ports.output(name, "[]", "Between 0 and 1.");
    ports.output("median_rank", "[]", "1 is best.");
  }
  static void states(States& states, const Config&) {
    states.sum("sums", {static_cast<std::int64_t>(std::size(k_means))});
    states.rows("ranks", {1});
  }

  Ranking(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    const auto count = static_cast<std::size_t>(in["scores"].size(1));
    const std::vector<double> scores = text::values_of(in["scores"].to(WEFT_DTYPE_FLOAT64));
    const std::vector<double> relevant = text::values_of(in["relevant"].to(WEFT_DTYPE_FLOAT64));
    std::vector<double> mask, present;
    if (in["mask"]) mask = text::values_of(in["mask"].to(WEFT_DTYPE_FLOAT64));
    if (in["present"]) present = text::values_of(in["present"].to(WEFT_DTYPE_FLOAT64));
    std::vector<double> sums(std::size(k_means)), ranks;
    const auto rows = static_cast<std::size_t>(in["scores"].size(0));
    for (std::size_t row = 0; row < rows; ++row) {
      if (!present.empty() && present[row] == 0) continue;
      std::vector<std::size_t> order;  // places in `scores`
      for (std::size_t i = row * count; i < (row + 1) * count; ++i)
        if (mask.empty() || mask[i] != 0) order.push_back(i);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
      std::vector<std::size_t> right;  // ranks from 1
      double precision = 0;            // summed over the right ones
      for (std::size_t i = 0; i < order.size();) {
        const std::size_t before = right.size();
        const double score = scores[order[i]];
        for (; i < order.size() && scores[order[i]] == score; ++i)
          if (relevant[order[i]] != 0) right.push_back(i + 1);
        precision +=
            static_cast<double>((right.size() - before) * right.size()) / static_cast<double>(i);
      }
      if (right.empty()) continue;
      add(right, sums);
      sums[7] += precision / static_cast<double>(right.size());
      ranks.push_back(static_cast<double>(right.front()));
    }
    text::add_to(state, "sums", sums);
    const Tensor before = state["ranks"];
    const auto added = static_cast<std::int64_t>(ranks.size());
    state.set("ranks", concat({before, text::tensor_of(ranks, {added, 1}, before)}, 0));
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["sums"];
    const std::vector<double> sums = text::values_of(like);
    std::vector<double> ranks = text::values_of(state["ranks"]);
    std::sort(ranks.begin(), ranks.end());
    const std::size_t n = ranks.size();
    Outputs outputs;
    for (std::size_t i = 0; i < sums.size(); ++i)
      outputs.emplace_back(k_means[i], text::number_of(sums[i] / static_cast<double>(n), like));
    const double median =
        n == 0 ? std::numeric_limits<double>::quiet_NaN() : (ranks[(n - 1) / 2] + ranks[n / 2]) / 2;
    outputs.emplace_back("median_rank", text::number_of(median, like));
    return outputs;
  }

 private:
  static constexpr const char* k_means[] = {"found_at_1",  "found_at_5",  "found_at_10",
                                            "recall_at_1", "recall_at_5", "recall_at_10",
                                            "mrr",         "map",         "ndcg_at_10"};

  /// All but `map`. @param right  the ranks of the right candidates, the best first
  static void add(const std::vector<std::size_t>& right, std::vector<double>& sums) {
    const auto all = static_cast<double>(right.size());
    for (std::size_t i = 0; i < k_places.size(); ++i) {
      const auto above = std::upper_bound(right.begin(), right.end(), k_places[i]);
      sums[i] += above == right.begin() ? 0 : 1;
      sums[3 + i] += static_cast<double>(above - right.begin()) / all;
    }
    sums[6] += 1 / static_cast<double>(right.front());
    double gain = 0, most = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const auto rank = static_cast<double>(right[i]), place = static_cast<double>(i + 1);
      if (rank <= 10) gain += 1 / std::log2(rank + 1);
      if (place <= 10) most += 1 / std::log2(place + 1);
    }
    sums[8] += gain / most;
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Ranking)
