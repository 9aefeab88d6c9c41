// SPDX-License-Identifier: Apache-2.0
/// Stages that begin with easy examples.

#include "host/training/curriculum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/trained_on.hpp"

namespace weft::test {
namespace {

using host::Array;
using host::element;
using ::testing::HasSubstr;

TEST(Curriculum, CompetenceIsTheFormula) {
  const host::EasyFirst order{{}, 0.1, 50, 1};
  EXPECT_NEAR(order.competence(0), 0.1, 1e-15);
  for (const int t : {1, 10, 49})
    EXPECT_NEAR(order.competence(t), std::sqrt(t * (1 - 0.01) / 50 + 0.01), 1e-15);
  EXPECT_EQ(order.competence(50), 1.0);
  EXPECT_EQ(order.competence(5000), 1.0);
}

/// Difficulty i of example 109 - i.
std::shared_ptr<const host::EasyFirst> backwards(const host::Dataset& data, std::int64_t steps) {
  host::EasyFirst order{{}, 0.05, steps, 12};
  const std::int64_t size = data.size(host::Split::train);
  for (std::int64_t i = size; i > 0; --i) order.difficulty.push_back(static_cast<double>(i));
  return std::make_shared<const host::EasyFirst>(order);
}

std::vector<std::string> keys_in_file_order(const host::Dataset& data) {
  std::vector<std::string> keys;
  host::EvaluationStream stream(data, host::Split::train, 64);
  for (host::Batch batch; stream.next(batch);)
    keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
  return keys;
}

TEST(Curriculum, StepsDrawFromTheEasiest) {
  SmallRun run;
  const std::vector<std::string> keys = keys_in_file_order(run.data);
  const auto order = backwards(run.data, 30);
  host::TrainingStream stream(run.data, 12, 3, {}, {}, order);
  std::set<std::string> seen;
  for (std::int64_t step = 0; step < 30; ++step) {
    const auto easiest = static_cast<std::int64_t>(
        std::ceil(order->competence(step) * static_cast<double>(keys.size())));
    for (const std::string& key : stream.next().keys) {
      const auto place = std::ranges::find(keys, key) - keys.begin();
      EXPECT_GE(place, std::ssize(keys) - easiest) << "step " << step;  // the last are easy
      if (step > 25) seen.insert(key);
    }
  }
  EXPECT_GT(seen.size(), 20u) << "and not always the same ones";
}

TEST(Curriculum, EndsInTheOrderWithoutOne) {
  SmallRun run;
  host::TrainingStream stream(run.data, 12, 3, {}, {}, backwards(run.data, 5)),
      plain(run.data, 12, 3);
  for (int step = 0; step < 5; ++step) EXPECT_NE(stream.next().keys, plain.next().keys);
  for (int step = 5; step < 15; ++step) EXPECT_EQ(stream.next().keys, plain.next().keys);
}

TEST(Curriculum, FollowsFromSeedAndPlace) {
  SmallRun run;
  const auto order = backwards(run.data, 30);
  host::TrainingStream stream(run.data, 12, 3, {}, {}, order),
      other(run.data, 12, 4, {}, {}, order);
  std::vector<std::vector<std::string>> steps;
  for (int step = 0; step < 8; ++step) steps.push_back(stream.next().keys);
  EXPECT_NE(other.next().keys, steps[0]);
  host::Position fifth;
  fifth.taken = 5 * 12;
  host::TrainingStream rest(run.data, 12, 3, {}, fifth, order);
  EXPECT_EQ(rest.next().keys, steps[5]);
  std::vector<std::string> together;
  for (const int rank : {0, 1, 2})
    for (const std::string& key :
         host::TrainingStream(run.data, 4, 3, {rank, 3}, {}, order).next().keys)
      together.push_back(key);
  EXPECT_EQ(together, steps[0]);
}

struct CurriculumRun {
  explicit CurriculumRun(const std::string& by, const Overrides& more = {}) {
    overrides.insert(overrides.end(), more.begin(), more.end());
    overrides.push_back(R"(stages.fit.curriculum={"easy_first": ")" + by +
                        R"(", "competence": {"from": 0.2, "steps": 12}})");
  }
  void train(const host::Checkpoint* resume = nullptr) {
    SmallRun run(overrides);
    if (resume != nullptr) run.model.load(resume->model);
    host::TrainerHooks hooks;
    hooks.step = [&](const host::StepReport& report) { reports.push_back(report); };
    hooks.save = [&](const host::Checkpoint& checkpoint) { saved[checkpoint.step] = checkpoint; };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  }
  Overrides overrides = {"stages.fit.save_every=1", "stages.fit.steps=6"};
  std::vector<host::StepReport> reports;
  std::map<std::int64_t, host::Checkpoint> saved;
};

TEST(Curriculum, GoesOnFromACheckpoint) {
  const State plain = trained_on(1, {"stages.fit.steps=6"}).weights;
  for (const char* by : {"/label", "ce"}) {
    CurriculumRun whole(by);
    whole.train();
    EXPECT_FALSE(same_bits(whole.saved.at(6).model, plain)) << by;
    ASSERT_EQ(whole.reports.size(), 6u);
    for (int step = 0; step < 6; ++step)
      EXPECT_NEAR(whole.reports[static_cast<std::size_t>(step)].competence,
                  std::sqrt(step * (1 - 0.04) / 12 + 0.04), 1e-12);
    CurriculumRun rest(by);
    rest.train(&whole.saved.at(2));
    EXPECT_TRUE(same_bits(rest.saved.at(6).model, whole.saved.at(6).model)) << by;
  }
}

/// The losses are those of the stage's first weights, whatever the checkpoint's would say.
TEST(Curriculum, KeepsTheDifficultyOfTheBeginning) {
  CurriculumRun run("ce");
  run.train();
  const Array& first = run.saved.at(1).curriculum.at("difficulty");
  EXPECT_EQ(first.count(), 109);
  EXPECT_TRUE(same_bits(run.saved.at(6).curriculum, run.saved.at(1).curriculum));
  SmallRun fresh(run.overrides);
  std::map<std::string, Array> kept;
  const auto order = host::make_curriculum(fresh.model, fresh.recipe.stages[0], fresh.data,
                                           host::one_rank(), kept);
  for (std::int64_t i = 0; i < 109; ++i)
    EXPECT_NEAR(order->difficulty[static_cast<std::size_t>(i)], element(first, i), 1e-12);
  EXPECT_TRUE(CurriculumRun("/label").saved.empty());
}

std::string failure(const std::string& by, const Overrides& more = {}) {
  try {
    CurriculumRun(by, more).train();
  } catch (const host::Error& error) {
    return error.what();
  }
  return "trained";
}

TEST(Curriculum, WhatCannotBeIsSaid) {
  EXPECT_THAT(
      failure("/noise"),
      testing::AllOf(HasSubstr("data \"av\", example 0: "),
                     HasSubstr("at /noise is no number, by which easy_first could order it.")));
  EXPECT_THAT(failure("/nowhere"), HasSubstr("nowhere"));
  EXPECT_THAT(failure("cee"), HasSubstr("/curriculum/easy_first: no node and no loss is called "
                                        "\"cee\". Did you mean \"ce\"?"));
  EXPECT_THAT(failure("/label", {"data.av.stream=true", "data.av.order=sequence"}),
              HasSubstr("data/av: a curriculum orders examples, and these are streamed"));
}

}  // namespace
}  // namespace weft::test
