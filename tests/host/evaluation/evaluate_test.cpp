// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/evaluate.hpp"
#include "host/data/loading/stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "host/base/error.hpp"
#include "host/data/fields/field.hpp"
#include "host/engine/tables.hpp"
#include "host/registry/core_api.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using host::Evaluation;
using host::EvaluationRequest;
using host::Split;

/// The small recipe, untrained, with a metric that has a state of every merge rule.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate()
      : registry_({std::string(WEFT_BINARY_DIR) + "/lib/weft/plugins", WEFT_DOUBLES},
                  {host::tensor_api(), host::op_api(), host::grad_api(), host::migration_api()}),
        recipe_(read_text(small_recipe(), {R"(metrics={"accuracy": {"use": "metric.accuracy",
                               "in": {"logits": "digit.logits", "target": "batch.label"}},
                              "spread": {"use": "test/metric.spread",
                               "in": {"logits": "digit.logits"}}})"})),
        data_(host::Dataset::open("av", recipe_.data[0].config, folder_.path("cache"))),
        model_(
            host::Wiring(recipe_, registry_, {{"av", host::field_specs(recipe_.data[0].config)}}),
            recipe_.seed) {}

  Evaluation run(std::int64_t batch, const std::string& by = "") const {
    EvaluationRequest request;
    request.split = Split::test;
    request.batch = batch;
    request.metrics = {"accuracy", "spread"};
    request.by = by;
    return evaluate(model_, data_, request);
  }

  struct Row {
    std::vector<float> logits;
    std::int64_t label;
    std::string group;
  };
  /// What the model says of each example, one at a time.
  std::vector<Row> rows(const std::string& by) const {
    std::vector<Row> rows;
    host::EvaluationStream stream(data_, Split::test, 1, by);
    for (host::Batch batch; stream.next(batch);) {
      host::TensorMap tensors;
      for (const auto& [name, array] : batch.fields) tensors[name] = host::from_array(array);
      const std::size_t digit = model_.wiring().index("digit");
      const host::Values values =
          model_.forward(model_.wiring().needed({digit}), tensors, {false, 0, "av"});
      const host::Array logits = host::to_array(values.outputs.at(digit)[0]);
      rows.push_back({{logits.data<float>(), logits.data<float>() + logits.count()},
                      batch.fields.at("label").data<std::int64_t>()[0],
                      batch.groups.empty() ? "" : batch.groups[0]});
    }
    return rows;
  }

  TemporaryFolder folder_;
  host::Registry registry_;
  host::Recipe recipe_;
  host::Dataset data_;
  host::Model model_;
};

double share_right(const std::vector<float>& right) {
  double sum = 0.0;
  for (const float one : right) sum += static_cast<double>(one);
  return sum / static_cast<double>(right.size());
}

TEST_F(Evaluate, CountsEachExampleOnceWhateverTheBatch) {
  std::vector<float> right;
  for (const Row& row : rows("")) {
    const auto best = std::max_element(row.logits.begin(), row.logits.end()) - row.logits.begin();
    right.push_back(best == row.label ? 1.0F : 0.0F);
  }
  ASSERT_EQ(right.size(), 93U);
  for (const std::int64_t batch : {1, 7, 93, 500}) {
    const Evaluation evaluation = run(batch);
    EXPECT_EQ(evaluation.examples, 93);
    EXPECT_DOUBLE_EQ(evaluation.all.at("accuracy.accuracy"), share_right(right)) << batch;
  }
}

TEST_F(Evaluate, GroupsAreMeasuredApartAndMergedByTheirRules) {
  std::map<std::string, std::vector<double>> scores;
  for (const Row& row : rows("/speaker")) {
    scores[row.group].push_back(static_cast<double>(row.logits[0]));
    scores["(all)"].push_back(static_cast<double>(row.logits[0]));
  }
  ASSERT_GT(scores.size(), 3U);
  const Evaluation evaluation = run(20, "/speaker");
  EXPECT_EQ(evaluation.by.size() + 1, scores.size());
  for (const auto& [group, values] : scores) {
    const host::MetricValues& found = group == "(all)" ? evaluation.all : evaluation.by.at(group);
    double total = 0.0;
    for (const double value : values) total += value;
    EXPECT_NEAR(found.at("spread.highest"), *std::max_element(values.begin(), values.end()), 1e-5);
    EXPECT_NEAR(found.at("spread.lowest"), *std::min_element(values.begin(), values.end()), 1e-5);
    EXPECT_NEAR(found.at("spread.total"), total, 1e-4) << group;
    EXPECT_NEAR(found.at("spread.of_all"), total, 1e-4) << group;
  }
}

TEST_F(Evaluate, WithoutAGroupThereAreNoGroups) {
  EXPECT_TRUE(run(20).by.empty());
}

/// [2.5 %, 97.5 %] of what `statistic` says of each drawing of the rows.
std::pair<double, double> expected_interval(
    std::size_t rows, std::int64_t drawings, std::uint64_t seed,
    const std::function<double(const std::vector<std::int64_t>&)>& statistic) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < drawings; ++i)
    values.push_back(statistic(host::draw_rows(rows, seed, i)));
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    return values[below] +
           (place - static_cast<double>(below)) * (values[below + 1] - values[below]);
  };
  return {at(0.025), at(0.975)};
}

// Every rule of merging, a part that is not Weft's, and two batches of other sizes.
TEST_F(Evaluate, EveryMetricHasIntervals) {
  const std::vector<Row> all = rows("/speaker");
  EvaluationRequest request{Split::test, 40, {"accuracy", "spread"}, "/speaker", {}, 200};
  const Evaluation evaluation = evaluate(model_, data_, request);
  const auto expect = [&](const std::string& name, const auto& statistic) {
    const auto [low, high] = expected_interval(all.size(), 200, 0, statistic);
    EXPECT_LT(low, high) << name;
    EXPECT_NEAR(evaluation.intervals.at(name).low, low, 1e-4) << name;
    EXPECT_NEAR(evaluation.intervals.at(name).high, high, 1e-4) << name;
  };
  const auto sum = [&](const std::vector<std::int64_t>& counts, const auto& of) {
    double total = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      total += static_cast<double>(counts[i]) * of(all[i]);
    return total;
  };
  const auto is_right = [](const Row& row) {
    const auto best = std::max_element(row.logits.begin(), row.logits.end()) - row.logits.begin();
    return best == row.label ? 1.0 : 0.0;
  };
  const auto score = [](const Row& row) { return static_cast<double>(row.logits[0]); };
  const auto extreme = [&](const std::vector<std::int64_t>& counts, double sign) {
    double most = -1e30;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (counts[i] > 0) most = std::max(most, sign * score(all[i]));
    return sign * most;
  };
  expect("accuracy.accuracy", [&](const auto& counts) {
    return sum(counts, is_right) / static_cast<double>(all.size());
  });
  expect("spread.total", [&](const auto& counts) { return sum(counts, score); });
  expect("spread.of_all", [&](const auto& counts) { return sum(counts, score); });
  expect("spread.highest", [&](const auto& counts) { return extreme(counts, 1); });
  expect("spread.lowest", [&](const auto& counts) { return extreme(counts, -1); });

  EXPECT_EQ(evaluation.intervals_by.size(), evaluation.by.size());
  for (const auto& [group, intervals] : evaluation.intervals_by)
    EXPECT_LE(intervals.at("spread.highest").high, evaluation.by.at(group).at("spread.highest"));
  request.drawings = 0;
  const Evaluation without = evaluate(model_, data_, request);
  EXPECT_TRUE(without.intervals.empty());
  EXPECT_TRUE(without.intervals_by.empty());
  EXPECT_EQ(without.all, evaluation.all);  // to the bit
}

TEST_F(Evaluate, APointerToNothingIsAnError) {
  try {
    run(20, "/spaeker");
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::bad_data);
    EXPECT_NE(std::string(error.what()).find("/spaeker"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace weft::test
