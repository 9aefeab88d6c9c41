// SPDX-License-Identifier: Apache-2.0
/// Steps that train on some of the rows that were read for them.

#include "host/training/row_selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/objective.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/trained_on.hpp"

namespace weft::test {
namespace {

using host::element;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RowSelection, ChoosesTheLargestOrTheSmallest) {
  const std::vector<double> numbers = {3, 1, 4, 1, 5};
  EXPECT_THAT(host::chosen_places(numbers, 2, true), ElementsAre(2, 4));
  EXPECT_THAT(host::chosen_places(numbers, 2, false), ElementsAre(1, 3));
  EXPECT_THAT(host::chosen_places(numbers, 1, false), ElementsAre(1)) << "of equal ones the first";
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(host::chosen_places({3, nan, 4, nan}, 3, true), ElementsAre(1, 2, 3));
  EXPECT_THAT(host::chosen_places({3, nan, 4, nan}, 3, false), ElementsAre(0, 1, 3));
}

/// The loss of one row alone.
double loss_of_row(const SmallRun& run, const std::string& loss, const host::Batch& batch,
                   std::int64_t row) {
  const auto rows = host::micro_batches(batch, batch.size);
  host::CallOptions options;
  options.data = run.recipe.stages[0].data;
  const host::GradMode off(false);
  const host::Wiring& wiring = run.model.wiring();
  const std::size_t ce = wiring.index(loss);
  const auto values =
      run.model.forward(wiring.needed({ce}), rows[static_cast<std::size_t>(row)], options);
  return host::item(values.outputs.at(ce)[0]) / host::item(values.outputs.at(ce)[1]);
}

TEST(RowSelection, KeepsTheRowsWithTheLargestLosses) {
  // The first has an output for each row; the second is called for each.
  for (const std::string loss : {"ce", "focal"}) {
    const bool is_highest = loss == "ce";
    const std::string keep = is_highest ? "highest" : "lowest";
    SmallRun run(
        {R"(losses.focal={"use": "loss.focal", "in": {"logits": "digit.logits", "target":
                     "batch.label"}})",
         R"(stages.fit.select={"by": ")" + loss + R"(", "draw": 3, "keep": ")" + keep + R"("})",
         "graph.vision.config.dropout=0.5"});  // not when rows are judged
    const host::StagePlan& stage = run.recipe.stages[0];
    const host::RowSelection selection(run.model, stage, 1, host::one_rank());
    ASSERT_EQ(selection.draw(), 3);
    const host::Batch drawn = host::TrainingStream(run.data, 36, 1).next();
    std::vector<double> losses;
    for (std::int64_t row = 0; row < 36; ++row)
      losses.push_back(loss_of_row(run, loss, drawn, row));
    host::StepReport report;
    const host::Batch kept = selection.choose(drawn, 0, report);
    ASSERT_EQ(kept.size, 12);
    std::vector<std::string> expected;
    double mean = 0.0;
    for (const std::size_t place : host::chosen_places(losses, 12, is_highest)) {
      expected.push_back(drawn.keys[place]);
      mean += losses[place] / 12.0;
    }
    EXPECT_EQ(kept.keys, expected);
    EXPECT_NEAR(report.selection.at("kept"), mean, 1e-5);
    EXPECT_EQ(report.selection.at("kept") > report.selection.at("drawn"), is_highest);
    for (std::int64_t row = 0; row < 12; ++row) {  // fields go with their keys
      const auto from = std::ranges::find(drawn.keys, kept.keys[static_cast<std::size_t>(row)]);
      EXPECT_EQ(element(kept.fields.at("label"), row),
                element(drawn.fields.at("label"), from - drawn.keys.begin()));
    }
  }
}

TEST(RowSelection, TrainsOnThemAndGoesOnFromACheckpoint) {
  const Overrides overrides = {R"(stages.fit.select={"by": "ce", "draw": 2})",
                               "stages.fit.save_every=1"};
  std::map<std::int64_t, host::Checkpoint> saved;
  std::vector<host::StepReport> reports;
  const auto train = [&](const host::Checkpoint* resume) {
    SmallRun run(overrides);
    if (resume != nullptr) run.model.load(resume->model);
    host::TrainerHooks hooks;
    hooks.step = [&](const host::StepReport& report) { reports.push_back(report); };
    hooks.save = [&](const host::Checkpoint& checkpoint) { saved[checkpoint.step] = checkpoint; };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  };
  train(nullptr);
  ASSERT_EQ(reports.size(), 4u);
  for (const host::StepReport& report : reports) {
    EXPECT_EQ(report.samples, 12);
    EXPECT_GT(report.selection.at("kept"), report.selection.at("drawn"));
  }
  EXPECT_EQ(saved.at(4).data.at("taken"), 4 * 2 * 12);
  const State whole = saved.at(4).model;
  const host::Checkpoint second = saved.at(2);
  train(&second);
  EXPECT_TRUE(same_bits(saved.at(4).model, whole));
  EXPECT_FALSE(same_bits(trained_on(1, {"stages.fit.save_every=1"}).weights, whole));
}

std::string problem(const std::string& select, const Overrides& more = {}) {
  Overrides overrides = more;
  overrides.push_back("stages.fit.select=" + select);
  try {
    SmallRun run(overrides);
  } catch (const host::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RowSelection, WhatCannotBeIsSaid) {
  EXPECT_EQ(problem(R"({"by": "ce", "draw": 2})"), "accepted");
  EXPECT_THAT(problem(R"({"by": "cee", "draw": 2})"),
              HasSubstr("/select/by: no node and no loss is called \"cee\". Did you mean \"ce\"?"));
  EXPECT_THAT(problem(R"({"by": "accuracy", "draw": 2})"),
              HasSubstr("no node and no loss is called \"accuracy\"."));
  EXPECT_THAT(problem(R"({"by": "digit", "draw": 2})"),
              HasSubstr("output \"logits\" of \"digit\" is [B, V]; expected [B], a number for each "
                        "row."));
  EXPECT_THAT(problem(R"({"by": "ce.eahc", "draw": 2})"),
              HasSubstr("\"ce\" has no output port \"eahc\"."));
  EXPECT_THAT(problem(R"({"by": "itc", "draw": 2})",
                      {R"(losses.itc={"use": "loss.contrastive", "in": {"left": "vision.pooled",
                          "right": "digit.logits"}, "config": {"project": 8}})"}),
              HasSubstr("\"itc\" compares the rows of a batch with one another, so that no row has "
                        "a loss of its own. Name another loss, or an output [B]."));
  EXPECT_THAT(problem(R"({"by": "ce", "draw": 1})"), HasSubstr("/select/draw"));
}

}  // namespace
}  // namespace weft::test
