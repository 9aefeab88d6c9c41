// SPDX-License-Identifier: Apache-2.0
#include "host/training/trainer.hpp"
#include "host/data/loading/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "host/base/error.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/finite.hpp"
#include "host/training/objective.hpp"
#include "host/training/selection.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using host::Array;
using ::testing::HasSubstr;

host::Tensor as_float64(const host::Tensor& tensor) {
  const Array from = host::to_array(tensor);
  Array to = Array::empty(host::DType::float64, from.sizes);
  std::copy_n(from.data<float>(), from.count(), to.data<double>());
  return host::from_array(to);
}

State trained(const std::vector<std::string>& overrides = {}) {
  SmallRun setup(overrides);
  host::Trainer(setup.model, setup.recipe.seed, {}).run(setup.recipe.stages[0], setup.data);
  return setup.model.state();
}

bool same_bits(const State& a, const State& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [path, array] : a)
    if (std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return true;
}

TEST(Trainer, SameSeedGivesTheSameBits) {
  const State first = trained();
  EXPECT_TRUE(same_bits(first, trained()));
  EXPECT_FALSE(same_bits(first, trained({"seed=4"})));
}

TEST(Trainer, ChangesTheWeights) {
  const SmallRun untouched;
  EXPECT_GT(largest_difference(trained(), untouched.model.state()), 1e-3);
}

/// Gradients of one step of the small recipe in float32, cut into `parts` micro-batches.
std::vector<Array> step_gradients(int parts) {
  SmallRun setup({"stages.fit.grad_accumulation=" + std::to_string(parts)});
  const host::StagePlan& stage = setup.recipe.stages[0];
  const host::Objective objective(setup.model, stage);
  const auto chosen = host::select_trainable(setup.model, stage);
  host::TrainingStream stream(setup.data, stage.batch_size, 1);
  objective.backward(host::micro_batches(stream.next(), parts), {true, 5});
  std::vector<Array> gradients;
  for (const host::NamedTensor& parameter : chosen)
    gradients.push_back(host::to_array(host::gradient(parameter.tensor)));
  return gradients;
}

TEST(Objective, MicroBatchesAddUpToTheLargeBatch) {
  const std::vector<Array> whole = step_gradients(1);
  for (const int parts : {2, 3, 12}) {
    const std::vector<Array> cut = step_gradients(parts);
    for (std::size_t p = 0; p < whole.size(); ++p)
      for (std::int64_t i = 0; i < whole[p].count(); ++i)
        ASSERT_NEAR(cut[p].data<float>()[i], whole[p].data<float>()[i], 1e-6) << parts;
  }
}

// Answers of different lengths: a mean of the micro-batches' means would be another number.
TEST(Objective, MicroBatchesAddUpWhereTheirWeightsDiffer) {
  const auto gradients = [](int parts) {
    SmallRun setup(
        {"stages.fit.batch_size=12", "stages.fit.grad_accumulation=" + std::to_string(parts)},
        host::DType::float64, answering_recipe());
    const host::StagePlan& stage = setup.recipe.stages[0];
    host::TrainingStream stream(setup.data, stage.batch_size, 1);
    const host::Batch batch = stream.next();
    std::vector<std::int64_t> tokens(static_cast<std::size_t>(parts), 0);
    const Array& mask = batch.fields.at("answer_mask");
    for (std::int64_t i = 0; i < mask.count(); ++i)
      tokens[static_cast<std::size_t>(i * parts / mask.count())] += mask.data<bool>()[i] ? 1 : 0;
    EXPECT_TRUE(parts == 1 || std::ranges::min(tokens) != std::ranges::max(tokens))
        << "else the test shows nothing";
    const auto chosen = host::select_trainable(setup.model, stage);
    auto micro = host::micro_batches(batch, parts);
    for (host::TensorMap& part : micro)
      for (auto& [name, tensor] : part)
        if (tensor.dtype() == host::DType::float32) tensor = as_float64(tensor);
    host::Objective(setup.model, stage).backward(micro, {true, 5});
    std::vector<Array> all;
    for (const host::NamedTensor& parameter : chosen)
      all.push_back(host::to_array(host::gradient(parameter.tensor)));
    return all;
  };
  const std::vector<Array> whole = gradients(1);
  for (const int parts : {3, 4, 12}) {
    const std::vector<Array> cut = gradients(parts);
    for (std::size_t p = 0; p < whole.size(); ++p)
      for (std::int64_t i = 0; i < whole[p].count(); ++i)
        ASSERT_NEAR(cut[p].data<double>()[i], whole[p].data<double>()[i], 1e-13) << parts;
  }
}

TEST(Trainer, ResumingGivesTheSameBitsAsTheUnbrokenRun) {
  const State unbroken = trained({"stages.fit.steps=6"});
  std::optional<host::Checkpoint> saved;
  {
    SmallRun setup({"stages.fit.steps=6", "stages.fit.save_every=3"});
    host::TrainerHooks hooks;
    hooks.save = [&](const host::Checkpoint& checkpoint) {
      if (checkpoint.step == 3) saved = checkpoint;
    };
    host::Trainer(setup.model, setup.recipe.seed, hooks).run(setup.recipe.stages[0], setup.data);
  }
  ASSERT_TRUE(saved);
  SmallRun setup({"stages.fit.steps=6", "stages.fit.save_every=3"});
  setup.model.load(saved->model);
  host::Trainer(setup.model, setup.recipe.seed, {})
      .run(setup.recipe.stages[0], setup.data, &*saved);
  EXPECT_TRUE(same_bits(setup.model.state(), unbroken));
}

TEST(Trainer, FrozenParametersStay) {
  SmallRun setup({"stages.fit.freeze=[\"vision.*\"]"});
  const State before = setup.model.state();
  host::Trainer(setup.model, setup.recipe.seed, {}).run(setup.recipe.stages[0], setup.data);
  for (const auto& [path, array] : setup.model.state()) {
    const bool same =
        std::memcmp(array.bytes.get(), before.at(path).bytes.get(), array.byte_count()) == 0;
    EXPECT_EQ(same, path.starts_with("vision.")) << path;
  }
}

// Two losses, the same one under two names.
std::vector<std::string> with_second_loss(const std::string& losses) {
  return {R"(losses.other={"use": "loss.cross_entropy",
      "in": {"logits": "digit.logits", "target": "batch.label"}})",
          "stages.fit.losses=" + losses};
}

TEST(Objective, AWeightThatChangesIsThatOfItsStep) {
  SmallRun setup(with_second_loss(R"({"ce": 1, "other": {"from": 1, "to": 0, "over": [1, 3]}})"));
  std::vector<host::StepReport> reports;
  host::TrainerHooks hooks;
  hooks.step = [&](const host::StepReport& report) { reports.push_back(report); };
  host::Trainer(setup.model, setup.recipe.seed, hooks).run(setup.recipe.stages[0], setup.data);
  const double expected[] = {1.0, 1.0, 0.5, 0.0};
  ASSERT_EQ(reports.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& losses = reports[i].losses;
    EXPECT_EQ(reports[i].weights, (std::map<std::string, double>{{"other", expected[i]}}));
    EXPECT_NEAR(losses.at("total"), losses.at("ce") + expected[i] * losses.at("other"), 1e-6);
    EXPECT_EQ(losses.at("ce"), losses.at("other"));
  }
}

TEST(Objective, AScheduleThatStandsStillIsThePlainWeight) {
  const State plain = trained(with_second_loss(R"({"ce": 1, "other": 0.3})"));
  EXPECT_TRUE(same_bits(
      plain, trained(with_second_loss(R"({"ce": 1, "other": {"from": 0.3, "to": 0.3}})"))));
  EXPECT_FALSE(same_bits(
      plain, trained(with_second_loss(R"({"ce": 1, "other": {"from": 0.3, "to": 0.4}})"))));
}

TEST(Objective, ALossOfWeightZeroGivesNoGradient) {
  const State plain = trained();
  EXPECT_TRUE(same_bits(
      plain,
      trained(with_second_loss(R"({"ce": 1, "other": {"from": 0, "to": 1, "over": [90, 91]}})"))));
}

/// The steps after which the parameter had changed.
std::vector<std::int64_t> moving_steps(const std::string& train, const std::string& path) {
  SmallRun setup({"stages.fit.steps=5", "stages.fit.train=" + train});
  State before = setup.model.state();
  std::vector<std::int64_t> steps;
  host::TrainerHooks hooks;
  hooks.step = [&](const host::StepReport& report) {
    const State now = setup.model.state();
    if (!same_bits({{path, now.at(path)}}, {{path, before.at(path)}})) steps.push_back(report.step);
    before = now;
  };
  host::Trainer(setup.model, setup.recipe.seed, hooks).run(setup.recipe.stages[0], setup.data);
  return steps;
}

TEST(Trainer, AGroupLearnsFromItsStepOn) {
  const std::string path = "vision.block_0.attention.query.weight";
  EXPECT_EQ(moving_steps(R"({"*": {}})", path), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(moving_steps(R"({"*": {}, "vision": {"from_step": 2}})", path),
            (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(moving_steps(R"({"*": {}, "vision": {"from_step": 2}})", "digit.out.weight"),
            (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(Trainer, OptionsThatSayNothingChangeNoBit) {
  EXPECT_TRUE(same_bits(trained(), trained({R"(stages.fit.train={"*": {}, "vision": {}})"})));
  EXPECT_TRUE(
      same_bits(trained(), trained({R"(stages.fit.optimizer={"use": "adamw", "lr": 0.01})"})));
  EXPECT_FALSE(
      same_bits(trained(), trained({R"(stages.fit.train={"*": {}, "vision": {"lr_mult": 0.5}})"})));
}

TEST(Trainer, EveryOptimizerResumesToTheSameBits) {
  for (const std::string optimizer :
       {R"({"use": "lion", "lr": 0.001})", R"({"use": "sgd", "lr": 0.1, "nesterov": true})",
        R"({"use": "muon", "lr": 0.02, "adamw": {"lr": 0.01}})"}) {
    const std::vector<std::string> overrides = {
        "stages.fit.steps=6", "stages.fit.save_every=3", "stages.fit.optimizer=" + optimizer,
        R"(stages.fit.train={"*": {}, "digit": {"from_step": 4}})"};
    std::optional<host::Checkpoint> saved;
    SmallRun unbroken(overrides), resumed(overrides);
    host::TrainerHooks hooks;
    hooks.save = [&](const host::Checkpoint& checkpoint) {
      if (checkpoint.step == 3) saved = checkpoint;
    };
    host::Trainer(unbroken.model, unbroken.recipe.seed, hooks)
        .run(unbroken.recipe.stages[0], unbroken.data);
    ASSERT_TRUE(saved);
    EXPECT_FALSE(saved->optimizer.empty());
    resumed.model.load(saved->model);
    host::Trainer(resumed.model, resumed.recipe.seed, {})
        .run(resumed.recipe.stages[0], resumed.data, &*saved);
    EXPECT_TRUE(same_bits(resumed.model.state(), unbroken.model.state())) << optimizer;
  }
}

TEST(Trainer, StopsAtALossThatIsNoNumber) {
  try {
    trained({"stages.fit.optimizer.lr=1e30"});
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("stage \"fit\", step "));
    EXPECT_THAT(error.what(), HasSubstr("not a finite number. It begins with output "));
    EXPECT_THAT(error.what(), HasSubstr(". Lower the learning rate or set clip_norm"));
    EXPECT_EQ(error.exit(), host::Exit::failed);
  }
}

TEST(Trainer, WeightsThatTheStepMadeNoNumbersAreNotSaved) {
  for (const int steps : {1, 3}) {  // the last step, and one that is to be saved
    SmallRun setup({"stages.fit.steps=" + std::to_string(steps), "stages.fit.save_every=1",
                    "stages.fit.optimizer.lr=1e39", "stages.fit.schedule={\"min_ratio\": 1}"});
    host::TrainerHooks hooks;
    hooks.save = [](const host::Checkpoint& checkpoint) {
      ADD_FAILURE() << "step " << checkpoint.step << " is saved";
    };
    try {
      host::Trainer(setup.model, setup.recipe.seed, hooks).run(setup.recipe.stages[0], setup.data);
      FAIL();
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::failed);
      EXPECT_THAT(error.what(), HasSubstr("stage \"fit\", step 1: the step left "));
      EXPECT_THAT(error.what(), HasSubstr(" with values that are not finite numbers, so it is not "
                                          "saved. Lower the learning rate or set clip_norm."));
    }
  }
}

/// One number of each floating-point type, and the bits of 1, infinity and a NaN in it.
template <class Bits>
void expect_refused(host::DType dtype, Bits one, Bits infinity, Bits nan) {
  const SmallRun setup;
  const host::FiniteWeights weights(setup.model);
  for (const auto& [bits, finite] : {std::pair(one, true), {infinity, false}, {nan, false}}) {
    host::Checkpoint checkpoint{"fit", 1, {}, {}, {}, {}};
    Array array = Array::empty(dtype, {3});
    std::fill_n(array.data<Bits>(), 3, one);
    array.data<Bits>()[2] = bits;
    for (auto* tensors : {&checkpoint.model, &checkpoint.optimizer}) {
      tensors->insert_or_assign("vision.weight", array);
      if (finite)
        EXPECT_NO_THROW(weights.require(checkpoint));
      else
        EXPECT_THROW(weights.require(checkpoint), host::Error);
      tensors->clear();
    }
  }
}

TEST(FiniteWeights, EveryTypeOfNumberIsLookedAt) {
  // The bits are those of IEEE 754 and of bfloat16, the upper half of a float32.
  expect_refused<std::uint16_t>(host::DType::float16, 0x3c00, 0x7c00, 0xfe00);
  expect_refused<std::uint16_t>(host::DType::bfloat16, 0x3f80, 0xff80, 0x7fc0);
  expect_refused<std::uint32_t>(host::DType::float32, 0x3f800000, 0x7f800000, 0x7fc00000);
  expect_refused<std::uint64_t>(host::DType::float64, 0x3ff0000000000000, 0xfff0000000000000,
                                0x7ff8000000000000);
}

TEST(Trainer, SavesAndEndsWhenItIsAskedToStop) {
  SmallRun setup;
  std::atomic<bool> stop = false;
  std::int64_t saved = 0;
  host::TrainerHooks hooks;
  hooks.stop = &stop;
  hooks.step = [&](const host::StepReport& report) { stop = report.step == 2; };
  hooks.save = [&](const host::Checkpoint& checkpoint) { saved = checkpoint.step; };
  try {
    host::Trainer(setup.model, setup.recipe.seed, hooks).run(setup.recipe.stages[0], setup.data);
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::interrupted);
  }
  EXPECT_EQ(saved, 2);
}

}  // namespace
}  // namespace weft::test
