// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.recall";

using Values = std::map<std::string, double>;

Part with_groups(std::int64_t dim, std::uint32_t wires = 1) {
  return Part(id, R"({"dim": )" + std::to_string(dim) + "}", {{"group", wires}});
}
Part ungrouped(std::int64_t dim) {
  return with_groups(dim, 0);
}

/// The vectors that stand at these degrees on a circle.
Array at_degrees(const std::vector<double>& degrees) {
  std::vector<double> values;
  for (const double degree : degrees) {
    values.push_back(std::cos(degree * M_PI / 180));
    values.push_back(std::sin(degree * M_PI / 180));
  }
  return floats(values, {static_cast<std::int64_t>(degrees.size()), 2});
}

TEST(Recall, CountsWhatIsAmongTheMostSimilar) {
  Part part = ungrouped(2);
  // Left 0 finds its own; left 1 (at 50) finds 40, 60 of others first; left 2 finds its own.
  part.update({{"left", {at_degrees({0, 50, 90})}}, {"right", {at_degrees({40, 10, 60})}}});
  const Values values = part.compute();
  // 0 -> 10 (wrong), 40; 50 -> 40 and 60 before 10; 90 -> 60.
  EXPECT_DOUBLE_EQ(values.at("left_to_right_at_1"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(values.at("left_to_right_at_5"), 1.0);
  // 40 -> 50 (wrong), 0; 10 -> 0 (wrong), 50; 60 -> 50 (wrong), 90.
  EXPECT_DOUBLE_EQ(values.at("right_to_left_at_1"), 0.0);
  EXPECT_DOUBLE_EQ(values.at("right_to_left_at_10"), 1.0);
  EXPECT_DOUBLE_EQ(values.at("left_to_right_median_rank"), 2.0);  // of 2, 3 and 1
  EXPECT_DOUBLE_EQ(values.at("right_to_left_median_rank"), 2.0);
}

TEST(Recall, TheMedianOfTwoRanksIsTheirMean) {
  Part part = ungrouped(2);
  EXPECT_TRUE(std::isnan(part.compute().at("left_to_right_median_rank")));
  part.update({{"left", {at_degrees({0, 50})}}, {"right", {at_degrees({0, 10})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("left_to_right_median_rank"), 1.0);
  EXPECT_DOUBLE_EQ(part.compute().at("right_to_left_median_rank"), 1.5);  // 10: 0 before 50
}

TEST(Recall, LooksThroughAllBatchesAndIgnoresLengths) {
  Part whole = ungrouped(5), pieces = ungrouped(5);
  const Array left = random({40, 5}, 1), right = random({40, 5}, 2);
  whole.update({{"left", {left}}, {"right", {right}}});
  for (const auto& [first, count] : {std::pair{0, 7}, {7, 30}, {37, 3}}) {
    Array longer = rows(left, first, count);
    for (std::int64_t i = 0; i < longer.count(); ++i) longer.data<float>()[i] *= 4;  // exact
    pieces.update({{"left", {longer}}, {"right", {rows(right, first, count)}}});
  }
  EXPECT_EQ(whole.compute(), pieces.compute());
}

/// The definition, word by word.
double share(const Array& query, const Array& candidate, const std::vector<std::int64_t>& group,
             std::size_t k) {
  const auto similar = [&](std::int64_t i, std::int64_t j) {
    double product = 0, a = 0, b = 0;
    for (std::int64_t d = 0; d < query.sizes[1]; ++d) {
      const double x = element(query, i * query.sizes[1] + d);
      const double y = element(candidate, j * query.sizes[1] + d);
      product += x * y, a += x * x, b += y * y;
    }
    return product / std::sqrt(a * b);
  };
  double found = 0;
  const auto count = static_cast<std::int64_t>(group.size());
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<std::pair<double, bool>> list;  // (similarity, is right)
    for (std::int64_t j = 0; j < count; ++j)
      list.emplace_back(similar(i, j),
                        group[static_cast<std::size_t>(j)] == group[static_cast<std::size_t>(i)]);
    std::ranges::sort(list, std::greater<>());
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(k);
    found += std::any_of(list.begin(), end, [](const auto& entry) { return entry.second; }) ? 1 : 0;
  }
  return found / static_cast<double>(count);
}

TEST(Recall, EqualsTheDefinitionWrittenOut) {
  const Array left = random({60, 4}, 3), right = random({60, 4}, 4);
  std::vector<std::int64_t> group;
  for (std::int64_t i = 0; i < 60; ++i) group.push_back(i < 20 ? i : i / 2 + (1LL << 52));
  Part part = with_groups(4);
  part.update({{"left", {left}}, {"right", {right}}, {"group", {ints(group, {60})}}});
  const Values values = part.compute();
  double sum = 0;
  for (const std::size_t k : {1U, 5U, 10U}) {
    const std::string at = "_at_" + std::to_string(k);
    EXPECT_DOUBLE_EQ(values.at("left_to_right" + at), share(left, right, group, k));
    EXPECT_DOUBLE_EQ(values.at("right_to_left" + at), share(right, left, group, k));
    sum += values.at("left_to_right" + at);
  }
  EXPECT_GT(sum, 0.2);  // there is something to compare
  EXPECT_LT(sum, 2.0);
}

TEST(Recall, AnyRowOfTheGroupIsRight) {
  const Arrays inputs = {{"left", {at_degrees({0, 90})}}, {"right", {at_degrees({90, 0})}}};
  Part apart = ungrouped(2), together = with_groups(2);
  apart.update(inputs);
  Arrays grouped = inputs;
  grouped["group"] = {ints({5, 5}, {2})};
  together.update(grouped);
  EXPECT_EQ(apart.compute().at("left_to_right_at_1"), 0.0);
  EXPECT_EQ(together.compute().at("left_to_right_at_1"), 1.0);
}

TEST(Recall, TiesCountAgainstTheModel) {
  std::vector<double> equal(12, 30);
  Part part = ungrouped(2);
  part.update({{"left", {at_degrees(equal)}}, {"right", {at_degrees(equal)}}});
  for (const auto& [name, value] : part.compute())
    EXPECT_EQ(value, name.find("median_rank") == std::string::npos ? 0.0 : 12.0) << name;
  Part few = ungrouped(2);
  few.update({{"left", {at_degrees({30, 30})}}, {"right", {at_degrees({30, 30})}}});
  EXPECT_EQ(few.compute().at("left_to_right_at_1"), 0.0);
  EXPECT_EQ(few.compute().at("left_to_right_at_5"), 1.0);  // only one wrong candidate is there
}

TEST(Recall, OfNothingIsNoNumber) {
  Part part = ungrouped(2);
  for (const auto& [name, value] : part.compute()) EXPECT_TRUE(std::isnan(value)) << name;
}

TEST(Recall, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 0})"), testing::HasSubstr("dim"));
}

}  // namespace
}  // namespace weft::test
