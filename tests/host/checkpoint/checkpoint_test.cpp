// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <functional>

#include "host/base/error.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/optimizer.hpp"
#include "host/engine/parameters.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
#include "tests/host/checkpoint/sample.hpp"
#include "tests/support/component.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

namespace fs = std::filesystem;
using host::Checkpoint;
using host::Exit;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using Parts = std::map<std::string, std::pair<std::string, int>>;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;
using State = std::map<std::string, Array>;

void expect_same(const State& a, const State& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, array] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    const Array& other = b.at(name);
    EXPECT_EQ(array.dtype, other.dtype) << name;
    EXPECT_EQ(array.sizes, other.sizes) << name;
    EXPECT_EQ(std::memcmp(array.bytes.get(), other.bytes.get(), array.byte_count()), 0) << name;
  }
}

TEST(Checkpoint, ComesBackAsItWas) {
  const TemporaryFolder run;
  const Checkpoint saved = sample();
  host::save_checkpoint(in(run), saved);
  EXPECT_EQ(content(run.path("latest")), "fit-3\n");
  const auto found = newest(run);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stage, "fit");
  EXPECT_EQ(found->step, 3);
  EXPECT_EQ(found->data, saved.data);
  EXPECT_EQ(found->parts, saved.parts);
  expect_same(found->model, saved.model);
  expect_same(found->optimizer, saved.optimizer);
}

TEST(Checkpoint, KeepsTheScaleOfLossesAndACurriculum) {
  const TemporaryFolder run;
  host::Checkpoint saved = sample(2);
  host::save_checkpoint(in(run), saved);
  EXPECT_FALSE(fs::exists(run.path("checkpoints/fit-2/curriculum.safetensors")));
  saved = sample(3);
  saved.progress.loss_scale = 2048.0;
  saved.progress.good_steps = 7;
  saved.progress.overflows = 5;
  saved.curriculum = {{"difficulty", floats({0.5, 2.0, 1.0}, {3}, DType::float64)}};
  host::save_checkpoint(in(run), saved);
  EXPECT_EQ(newest(run)->progress, saved.progress);
  expect_same(newest(run)->curriculum, saved.curriculum);
  fs::remove(run.path("checkpoints/fit-3/curriculum.safetensors"));
  std::string told;
  EXPECT_EQ(newest(run, &told)->step, 2);
  EXPECT_THAT(told, HasSubstr("curriculum.safetensors is missing."));
}

TEST(Checkpoint, HoldsTheWeightsOfViewsWhereThereAreAny) {
  const TemporaryFolder run;
  Checkpoint saved = sample(2);
  host::save_checkpoint(in(run), saved);
  EXPECT_FALSE(fs::exists(run.path("checkpoints/fit-2/views.safetensors")));
  EXPECT_TRUE(newest(run)->views.empty());
  saved = sample(3);
  saved.views = {{"frozen", ints({1}, {1})}, {"frozen/vision.weight", random({4, 3}, 9)}};
  host::save_checkpoint(in(run), saved);
  expect_same(newest(run)->views, saved.views);
  fs::remove(run.path("checkpoints/fit-3/views.safetensors"));
  std::string told;
  EXPECT_EQ(newest(run, &told)->step, 2);
  EXPECT_THAT(told, HasSubstr("views.safetensors is missing."));
}

TEST(Checkpoint, ARunWithoutOneHasNone) {
  const TemporaryFolder run;
  EXPECT_FALSE(newest(run));
}

/// One parameter, three steps of AdamW on ½θ²; between the steps of `resume` all goes over a disk.
Array optimised(bool resume) {
  const TemporaryFolder run;
  weft_parameter declared{};
  const std::int64_t sizes[] = {5};
  declared.size = sizeof declared;
  declared.sizes = sizes;
  declared.ndim = 1;
  declared.init = WEFT_INIT_NORMAL;
  declared.b = 1.0;
  host::Tensor weight = host::make_parameter(declared, "w", 7, DType::float32, true);
  const auto adamw = [&] {
    const host::UpdateRule rule{"adamw", {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}}};
    return host::Optimizer({{rule, 0.01, {{"w", weight}}}});
  };
  host::Optimizer optimizer = adamw();
  for (int step = 0; step < 3; ++step) {
    host::backward(host::sum_of_products(weight, weight));
    optimizer.step({0.1});
    host::clear_gradients({weight});
    if (!resume) continue;
    Checkpoint checkpoint{"fit", step, {{"w", host::to_array(weight)}}, optimizer.state(), {}, {}};
    host::save_checkpoint(in(run), checkpoint);
    const Checkpoint found = newest(run).value();
    weight = host::make_parameter(declared, "w", 99, DType::float32, true);
    host::copy_into(weight, found.model.at("w"));
    optimizer = adamw();
    optimizer.load(found.optimizer);
  }
  return host::to_array(weight);
}

TEST(Checkpoint, TheOptimiserGoesOnWhereItWas) {
  expect_same({{"w", optimised(true)}}, {{"w", optimised(false)}});
}

TEST(Checkpoint, TheNewestTwoOfAStageAreKept) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample(100, "align"));
  for (const int step : {2, 4, 9, 10, 11}) host::save_checkpoint(in(run), sample(step));
  EXPECT_THAT(entries(run.path("checkpoints")),
              UnorderedElementsAre("align-100", "fit-10", "fit-11"));
  EXPECT_EQ(host::load_stage_checkpoint(in(run), "fit").step, 11);
  EXPECT_EQ(host::load_stage_checkpoint(in(run), "align").step, 100);
}

TEST(Checkpoint, TheBestOfAStageIsKeptToo) {
  const TemporaryFolder run;
  for (const int step : {4, 6, 8, 10}) {
    Checkpoint checkpoint = sample(step);
    checkpoint.progress = {3, step, 4, 0.1, (step - 4) / 2};
    host::save_checkpoint(in(run), checkpoint);
  }
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-4", "fit-8", "fit-10"));
  const host::StageProgress expected{3, 10, 4, 0.1, 3};
  EXPECT_EQ(newest(run)->progress, expected);
}

TEST(Checkpoint, AStageWithoutOneIsAnError) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample());
  for (const char* stage : {"align", "fi", "fit-3"})
    EXPECT_EQ(error_of([&] { host::load_stage_checkpoint(in(run), stage); }),
              std::pair(Exit::no_input,
                        run.path("") + " holds no checkpoint of stage \"" + stage + "\"."));
}

TEST(Checkpoint, OtherFoldersAreLetAlone) {
  const TemporaryFolder run;
  const std::vector<std::string> others = {"fit-", "fit-best", "fit-1-2",
                                           "fit-99999999999999999999"};
  for (const std::string& other : others) fs::create_directories(run.path("checkpoints/" + other));
  for (const int step : {1, 2, 3}) host::save_checkpoint(in(run), sample(step));
  EXPECT_THAT(entries(run.path("checkpoints")),
              UnorderedElementsAre("fit-", "fit-best", "fit-1-2", "fit-99999999999999999999",
                                   "fit-2", "fit-3"));
  EXPECT_EQ(host::load_stage_checkpoint(in(run), "fit").step, 3);
}

TEST(Checkpoint, AFullDiskLeavesTheOneBefore) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample(1));
  Checkpoint large = sample(2);
  large.optimizer["vision.weight.exp_avg"] = random({2000}, 1);
  const auto [exit, sentence] = error_of([&] {
    const FileLimit limit(4096);
    host::save_checkpoint(in(run), large);
  });
  EXPECT_EQ(exit, Exit::io);
  EXPECT_THAT(sentence, HasSubstr("optimizer.safetensors cannot be written: File too large."));
  EXPECT_EQ(newest(run).value().step, 1);
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-1"));
}

TEST(Checkpoint, WhatACrashLeftHalfDoneIsRemoved) {
  const TemporaryFolder run;
  fs::create_directories(run.path("checkpoints/fit-1.new"));
  run.write("checkpoints/fit-1.new/model.safetensors", "half");
  host::save_checkpoint(in(run), sample(2));
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-2"));
}

TEST(Checkpoint, SavedAgainItReplacesItself) {
  const TemporaryFolder run;
  host::save_checkpoint(in(run), sample());
  Checkpoint other = sample();
  other.data["offset"] = 1;
  host::save_checkpoint(in(run), other);
  EXPECT_EQ(newest(run).value().data.at("offset"), 1);
}

TEST(CheckpointFault, LinksAreNotFollowed) {
  const TemporaryFolder run, elsewhere;
  host::save_checkpoint(in(elsewhere), sample());
  fs::create_directory_symlink(elsewhere.path("checkpoints"), run.path("checkpoints"));
  const auto refusal = [&](const auto& body) {
    const auto [exit, sentence] = error_of(body);
    EXPECT_THAT(sentence, HasSubstr(" is a link, expected "));
    return exit;
  };
  EXPECT_EQ(refusal([&] { host::save_checkpoint(in(run), sample(9)); }), Exit::cannot_create);
  EXPECT_EQ(refusal([&] { newest(run); }), Exit::no_input);
  EXPECT_EQ(refusal([&] { host::has_checkpoints(in(run)); }), Exit::no_input);
  EXPECT_THAT(entries(elsewhere.path("checkpoints")), UnorderedElementsAre("fit-3"));

  fs::remove(run.path("checkpoints"));
  fs::create_directory(run.path("checkpoints"));
  fs::create_directory_symlink(elsewhere.path("checkpoints/fit-3"), run.path("checkpoints/fit-3"));
  EXPECT_FALSE(newest(run));  // it is no folder
  for (const int step : {4, 5, 6}) host::save_checkpoint(in(run), sample(step));
  EXPECT_TRUE(fs::exists(elsewhere.path("checkpoints/fit-3/state.json")));

  const std::string model = run.path("checkpoints/fit-6/model.safetensors");
  fs::remove(model);
  fs::create_symlink(elsewhere.path("checkpoints/fit-3/model.safetensors"), model);
  EXPECT_EQ(newest(run).value().step, 5);
  fs::remove(run.path("latest"));
  fs::create_symlink(elsewhere.path("latest"), run.path("latest"));
  EXPECT_EQ(refusal([&] { newest(run); }), Exit::no_input);
  host::save_checkpoint(in(run), sample(7));  // replaces the link
  EXPECT_EQ(content(elsewhere.path("latest")), "fit-3\n");
  EXPECT_EQ(newest(run).value().step, 7);
}

Shapes shapes_of(const Checkpoint& checkpoint) {
  Shapes shapes;
  for (const auto& [name, array] : checkpoint.model) shapes[name] = array.sizes;
  return shapes;
}

/// What is said of the sample before the remedy.
std::string difference(const Shapes& shapes, const Parts& parts) {
  const auto [exit, sentence] =
      error_of([&] { host::require_same_model(sample(), "runs/a", shapes, parts); });
  if (exit == Exit::ok) return "nothing";
  EXPECT_EQ(exit, Exit::bad_checkpoint);
  const std::string head = "the checkpoint in runs/a belongs to another model. ";
  const std::string tail = " Use the recipe that it was trained with, or another run folder.";
  EXPECT_TRUE(sentence.starts_with(head) && sentence.ends_with(tail)) << sentence;
  return sentence.substr(head.size(), sentence.size() - head.size() - tail.size());
}

TEST(RequireSameModel, SaysByNameWhatDiffers) {
  const Shapes same = shapes_of(sample());
  const Parts parts = sample().parts;
  EXPECT_EQ(difference(same, parts), "nothing");

  Shapes shapes = same;
  shapes["vision.bias"] = {3};
  EXPECT_EQ(difference(shapes, parts), "It lacks vision.bias.");
  for (const char* name : {"x.0", "x.1", "x.2", "x.3"}) shapes[name] = {1};
  EXPECT_EQ(difference(shapes, parts), "It lacks vision.bias, x.0 and 3 more.");

  shapes = same;
  shapes.erase("vision.mean");
  EXPECT_EQ(difference(shapes, parts), "It has vision.mean too much.");

  shapes = same;
  shapes["vision.weight"] = {4, 5};
  EXPECT_EQ(difference(shapes, parts), "vision.weight is [4, 3] there and [4, 5] here.");

  EXPECT_EQ(difference(same, {{"vision", {"encoder.conformer", 1}}}),
            "Node \"vision\" was encoder.vit (state 1), is now encoder.conformer (state 1).");
  EXPECT_EQ(
      difference(same, {{"digit", {"decoder.classifier", 3}}}),
      "Node \"digit\" was decoder.classifier (state 2), is now decoder.classifier (state 3). This "
      "plug-in has no migrate for it: use the one that weft.lock names, or a newer one.");
  EXPECT_EQ(
      difference(same, {{"digit", {"decoder.classifier", 1}}}),
      "Node \"digit\" was decoder.classifier (state 2), is now decoder.classifier (state 1). Use "
      "the newer plug-in, which knows it.");
}

}  // namespace
}  // namespace weft::test
