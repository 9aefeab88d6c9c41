// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include "host/base/error.hpp"
#include "host/engine/adamw.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "tests/host/checkpoint/file_limit.hpp"
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

Checkpoint sample(std::int64_t step = 3, const std::string& stage = "fit") {
  Checkpoint checkpoint;
  checkpoint.stage = stage;
  checkpoint.step = step;
  checkpoint.model = {{"vision.weight", random({4, 3}, static_cast<int>(step))},
                      {"vision.mean", random({3}, 1, DType::float64)},
                      {"digit.seen", ints({step}, {1})}};
  checkpoint.optimizer = {{"vision.weight.exp_avg", random({4, 3}, 2)},
                          {"vision.weight.step", floats({static_cast<double>(step)}, {})}};
  checkpoint.data = {{"epoch", 2}, {"offset", 5'000'000'000}};
  checkpoint.parts = {{"vision", {"encoder.vit", 1}}, {"digit", {"decoder.classifier", 2}}};
  return checkpoint;
}

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

template <class Body>
std::pair<Exit, std::string> error_of(const Body& body) {
  try {
    body();
    return {Exit::ok, "nothing"};
  } catch (const host::Error& error) {
    return {error.exit(), error.what()};
  }
}

TEST(Checkpoint, ComesBackAsItWas) {
  const TemporaryFolder run;
  const Checkpoint saved = sample();
  host::save_checkpoint(run.path(""), saved);
  EXPECT_EQ(content(run.path("latest")), "fit-3\n");
  const auto found = host::load_latest_checkpoint(run.path(""));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stage, "fit");
  EXPECT_EQ(found->step, 3);
  EXPECT_EQ(found->data, saved.data);
  EXPECT_EQ(found->parts, saved.parts);
  expect_same(found->model, saved.model);
  expect_same(found->optimizer, saved.optimizer);
}

TEST(Checkpoint, ARunWithoutOneHasNone) {
  const TemporaryFolder run;
  EXPECT_FALSE(host::load_latest_checkpoint(run.path("")));
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
  host::AdamW optimizer({{"w", weight, true}}, {});
  for (int step = 0; step < 3; ++step) {
    host::backward(host::sum_of_products(weight, weight));
    optimizer.step(0.1);
    host::clear_gradients({weight});
    if (!resume) continue;
    Checkpoint checkpoint{"fit", step, {{"w", host::to_array(weight)}}, optimizer.state(), {}, {}};
    host::save_checkpoint(run.path(""), checkpoint);
    const Checkpoint found = host::load_latest_checkpoint(run.path("")).value();
    weight = host::make_parameter(declared, "w", 99, DType::float32, true);
    host::copy_into(weight, found.model.at("w"));
    optimizer = host::AdamW({{"w", weight, true}}, {});
    optimizer.load(found.optimizer);
  }
  return host::to_array(weight);
}

TEST(Checkpoint, TheOptimiserGoesOnWhereItWas) {
  expect_same({{"w", optimised(true)}}, {{"w", optimised(false)}});
}

TEST(Checkpoint, TheNewestTwoOfAStageAreKept) {
  const TemporaryFolder run;
  host::save_checkpoint(run.path(""), sample(100, "align"));
  for (const int step : {2, 4, 9, 10, 11}) host::save_checkpoint(run.path(""), sample(step));
  EXPECT_THAT(entries(run.path("checkpoints")),
              UnorderedElementsAre("align-100", "fit-10", "fit-11"));
  EXPECT_EQ(host::load_stage_checkpoint(run.path(""), "fit").step, 11);
  EXPECT_EQ(host::load_stage_checkpoint(run.path(""), "align").step, 100);
}

TEST(Checkpoint, AStageWithoutOneIsAnError) {
  const TemporaryFolder run;
  host::save_checkpoint(run.path(""), sample());
  for (const char* stage : {"align", "fi", "fit-3"})
    EXPECT_EQ(error_of([&] { host::load_stage_checkpoint(run.path(""), stage); }),
              std::pair(Exit::no_input,
                        run.path("") + " holds no checkpoint of stage \"" + stage + "\"."));
}

TEST(Checkpoint, OtherFoldersAreLetAlone) {
  const TemporaryFolder run;
  const std::vector<std::string> others = {"fit-", "fit-best", "fit-1-2",
                                           "fit-99999999999999999999"};
  for (const std::string& other : others) fs::create_directories(run.path("checkpoints/" + other));
  for (const int step : {1, 2, 3}) host::save_checkpoint(run.path(""), sample(step));
  EXPECT_THAT(entries(run.path("checkpoints")),
              UnorderedElementsAre("fit-", "fit-best", "fit-1-2", "fit-99999999999999999999",
                                   "fit-2", "fit-3"));
  EXPECT_EQ(host::load_stage_checkpoint(run.path(""), "fit").step, 3);
}

TEST(Checkpoint, AFullDiskLeavesTheOneBefore) {
  const TemporaryFolder run;
  host::save_checkpoint(run.path(""), sample(1));
  Checkpoint large = sample(2);
  large.optimizer["vision.weight.exp_avg"] = random({2000}, 1);
  const auto [exit, sentence] = error_of([&] {
    const FileLimit limit(4096);
    host::save_checkpoint(run.path(""), large);
  });
  EXPECT_EQ(exit, Exit::io);
  EXPECT_THAT(sentence, HasSubstr("optimizer.safetensors cannot be written: File too large."));
  EXPECT_EQ(host::load_latest_checkpoint(run.path("")).value().step, 1);
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-1"));
}

TEST(Checkpoint, WhatACrashLeftHalfDoneIsRemoved) {
  const TemporaryFolder run;
  fs::create_directories(run.path("checkpoints/fit-1.new"));
  run.write("checkpoints/fit-1.new/model.safetensors", "half");
  host::save_checkpoint(run.path(""), sample(2));
  EXPECT_THAT(entries(run.path("checkpoints")), UnorderedElementsAre("fit-2"));
}

TEST(Checkpoint, SavedAgainItReplacesItself) {
  const TemporaryFolder run;
  host::save_checkpoint(run.path(""), sample());
  Checkpoint other = sample();
  other.data["offset"] = 1;
  host::save_checkpoint(run.path(""), other);
  EXPECT_EQ(host::load_latest_checkpoint(run.path("")).value().data.at("offset"), 1);
}

/// What loading the sample says after `damage` was done to its folder.
template <class Damage>
std::string refusal_after(const Damage& damage) {
  const TemporaryFolder run;
  host::save_checkpoint(run.path(""), sample());
  const std::string folder = run.path("") + "checkpoints/fit-3";
  damage(folder + "/");
  const auto [exit, sentence] = error_of([&] { host::load_checkpoint(folder); });
  EXPECT_EQ(exit, Exit::bad_checkpoint) << sentence;
  const std::string head = "checkpoint " + folder + ": ";
  const std::string tail = " Use an earlier checkpoint of the run, or train anew.";
  EXPECT_TRUE(sentence.starts_with(head) && sentence.ends_with(tail)) << sentence;
  return sentence.substr(head.size(), sentence.size() - head.size() - tail.size());
}

TEST(CheckpointFault, TruncatedOrChangedFilesAreNamed) {
  for (const std::string name : {"model.safetensors", "optimizer.safetensors"}) {
    const std::string refused =
        name + " is damaged: its hash is not the one that state.json records.";
    EXPECT_EQ(refusal_after([&](const std::string& folder) {
                fs::resize_file(folder + name, fs::file_size(folder + name) - 1);
              }),
              refused);
    EXPECT_EQ(refusal_after([&](const std::string& folder) {
                std::fstream file(folder + name, std::ios::in | std::ios::out | std::ios::binary);
                file.seekp(-1, std::ios::end);
                file.put('\x55');
              }),
              refused);
    EXPECT_EQ(refusal_after([&](const std::string& folder) { fs::remove(folder + name); }),
              name + " is missing.");
  }
}

TEST(CheckpointFault, AStateThatIsNoneIsRefused) {
  EXPECT_EQ(refusal_after([](const std::string& folder) { fs::remove(folder + "state.json"); }),
            "state.json is missing.");
  EXPECT_EQ(refusal_after([](const std::string& folder) {
              fs::resize_file(folder + "state.json", fs::file_size(folder + "state.json") / 2);
            }),
            "state.json is damaged.");
  for (const char* text : {"", "[]", "{}", R"({"checkpoint": 1, "stage": 3})"})
    EXPECT_EQ(refusal_after(
                  [&](const std::string& folder) { std::ofstream(folder + "state.json") << text; }),
              "state.json is damaged.");
  EXPECT_EQ(refusal_after([](const std::string& folder) {
              std::ofstream(folder + "state.json") << R"({"checkpoint": 2})";
            }),
            "it is of a later format.");
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
