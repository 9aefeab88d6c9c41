// SPDX-License-Identifier: Apache-2.0
/// metric.ranking against scikit-learn and the definitions.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/rows_of_classes.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.ranking";

TEST(Ranking, MatchesTheReference) {
  const Json data = cases_of("classification")["retrieval"];
  const Array scores = matrix(data["similarity"]);
  std::vector<int> flags(static_cast<std::size_t>(scores.count()), 0);
  for (std::size_t q = 0; q < data["relevant"].size(); ++q)
    for (const std::size_t i : data["relevant"][q]) flags[q * 90 + i] = 1;
  const Array relevant = mask(flags, {60, 90});
  for (const std::int64_t batch : {60, 7}) {
    Part part(id, "{}", {}, DType::float64);
    for (std::int64_t first = 0; first < 60; first += batch) {
      const std::int64_t count = std::min<std::int64_t>(batch, 60 - first);
      part.update(
          {{"scores", {rows(scores, first, count)}}, {"relevant", {rows(relevant, first, count)}}});
    }
    const auto found = part.compute();
    for (const auto& [ours, theirs] : {std::pair{"found_at_1", "recall_any@1"},
                                       {"found_at_5", "recall_any@5"},
                                       {"found_at_10", "recall_any@10"},
                                       {"recall_at_1", "recall@1"},
                                       {"recall_at_5", "recall@5"},
                                       {"recall_at_10", "recall@10"},
                                       {"mrr", "mrr"},
                                       {"median_rank", "median_rank"},
                                       {"map", "map"},
                                       {"ndcg_at_10", "ndcg@10"}})
      EXPECT_NEAR(found.at(ours), data["scores"][theirs], 1e-9) << ours;
  }
}

TEST(Ranking, ByHand) {
  Part part(id, "{}", {{"mask", 1}, {"present", 1}});
  EXPECT_TRUE(std::isnan(part.compute().at("median_rank")));
  part.update({{"scores", {floats({9, 3, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1}, {4, 4})}},
               {"relevant", {mask({1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0}, {4, 4})}},
               {"mask", {mask({0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4, 4})}},
               {"present", {mask({1, 1, 0, 1}, {4})}}});
  // Row 0 without its first candidate: rank 2 of 3; row 1: rank 2; row 2 is absent, row 3 has none.
  const auto found = part.compute();
  EXPECT_EQ(found.at("median_rank"), 2);
  EXPECT_EQ(found.at("found_at_1"), 0);
  EXPECT_EQ(found.at("recall_at_5"), 1);
  EXPECT_EQ(found.at("mrr"), 0.5);
  EXPECT_EQ(found.at("map"), 0.5);
  EXPECT_NEAR(found.at("ndcg_at_10"), 1 / std::log2(3.0), 1e-12);
}

TEST(Ranking, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"k": 3})"), testing::HasSubstr("k"));
}

}  // namespace
}  // namespace weft::test
