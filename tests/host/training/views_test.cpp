// SPDX-License-Identifier: Apache-2.0
/// Views while a stage trains: which weights they have, what trains, what is saved.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/objective.hpp"
#include "host/training/selection.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using host::Array;
using ::testing::HasSubstr;

/// The small recipe with views and perhaps a loss that draws the logits to a view's.
std::string text_with(const std::string& views) {
  std::string text = small_recipe();
  text.insert(text.find("\"stages\""), "\"views\": " + views + ",\n  ");
  return text;
}

std::vector<std::string> near(const std::string& view) {
  return {R"(losses.near={"use": "loss.mse", "in": {"prediction": "digit.logits", "target": ")" +
              view + R"(:digit.logits"}})",
          R"(stages.fit.losses={"ce": 1, "near": 0.5})"};
}

constexpr const char* k_views = R"({"slow": {"weights": {"ema": 0.9}},
                                    "begin": {"weights": {"frozen": "begin"}}})";

bool same_bits(const State& a, const State& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [path, array] : a)
    if (!b.contains(path) ||
        std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return true;
}

SmallRun run_with(const std::vector<std::string>& overrides,
                  host::DType dtype = host::DType::float32) {
  return SmallRun(overrides, dtype, text_with(k_views));
}

State trained(const std::string& views, const std::vector<std::string>& overrides = {}) {
  SmallRun run(overrides, host::DType::float32, text_with(views));
  host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  return run.model.state();
}

TEST(ViewsInTraining, UnusedOnesChangeNoBit) {
  EXPECT_TRUE(same_bits(trained("{}"), trained(k_views)));
  EXPECT_FALSE(same_bits(trained("{}"), trained(k_views, near("slow"))));
}

/// Digit's logits, of the graph or a view, for the first rows of the data.
Array logits(const SmallRun& run, const std::string& view) {
  host::TrainingStream stream(run.data, 8, 1);
  host::TensorMap batch = host::micro_batches(stream.next(), 1)[0];
  const host::Wiring& wiring = run.model.wiring();
  std::size_t node = wiring.index("digit");
  for (std::size_t i = 0; i < wiring.nodes().size(); ++i)
    if (wiring.nodes()[i].view == view && wiring.nodes()[i].owner == "digit") node = i;
  const host::GradMode off(false);
  const host::Values values = run.model.forward(wiring.needed({node}), batch, {false, 0, "av"});
  return host::to_array(values.outputs.at(node)[0]);
}

bool equal(const Array& a, const Array& b) {
  return std::memcmp(a.bytes.get(), b.bytes.get(), a.byte_count()) == 0;
}

TEST(ViewsInTraining, FrozenWeightsStayWhileTheLiveOnesMove) {
  SmallRun run = run_with(near("begin"));
  const Array before = logits(run, "");
  EXPECT_TRUE(equal(before, logits(run, "begin")));
  host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  EXPECT_TRUE(equal(before, logits(run, "begin")));
  EXPECT_FALSE(equal(before, logits(run, "")));
  // The next stage begins: now they are what it begins with.
  const Array after = logits(run, "");
  host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  EXPECT_TRUE(equal(after, logits(run, "begin")));
}

TEST(ViewsInTraining, FrozenWeightsShareWhatTheStageDoesNotTrain) {
  auto overrides = near("begin");
  overrides.push_back("stages.fit.freeze=[\"vision\"]");
  SmallRun run = run_with(overrides);
  host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  State views = run.model.weights().views();
  EXPECT_EQ(views.erase("frozen"), 1u);
  EXPECT_FALSE(views.empty());
  for (const auto& [path, array] : views) EXPECT_TRUE(path.starts_with("frozen/digit.")) << path;
}

// e ← 0.9 e + 0.1 θ after each step, computed in float64.
TEST(ViewsInTraining, AveragesAreTheFormula) {
  SmallRun run = run_with(near("slow"));
  const auto as_float64 = [](const State& state) {
    std::map<std::string, std::vector<double>> values;
    for (const auto& [path, array] : state)
      values[path] = {array.data<float>(), array.data<float>() + array.count()};
    return values;
  };
  auto expected = as_float64(run.model.state());
  host::TrainerHooks hooks;
  host::StagePlan stage = run.recipe.stages[0];
  stage.save_every = 1;
  int steps = 0;
  hooks.save = [&](const host::Checkpoint& checkpoint) {
    ++steps;
    const auto live = as_float64(checkpoint.model);
    double moved = 0.0;
    for (auto& [path, values] : expected) {
      const Array& average = checkpoint.views.at("ema:0.9/" + path);
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = 0.9 * values[i] + 0.1 * live.at(path)[i];
        ASSERT_NEAR(static_cast<double>(average.data<float>()[i]), values[i], 1e-6) << path;
        moved = std::max(moved, std::abs(values[i] - live.at(path)[i]));
      }
    }
    EXPECT_GT(moved, 1e-3) << "else it shows nothing";
  };
  host::Trainer(run.model, run.recipe.seed, hooks).run(stage, run.data);
  EXPECT_EQ(steps, 4);
}

TEST(ViewsInTraining, ResumedAveragesAndFrozenWeightsHaveTheSameBits) {
  for (const std::string view : {"slow", "begin"}) {
    const auto whole_run = [&](std::optional<host::Checkpoint> from) {
      SmallRun run = run_with(near(view));
      std::vector<host::Checkpoint> saved;
      host::TrainerHooks hooks;
      hooks.save = [&](const host::Checkpoint& checkpoint) { saved.push_back(checkpoint); };
      host::StagePlan stage = run.recipe.stages[0];
      stage.save_every = 2;
      if (from) run.model.load(from->model);
      host::Trainer(run.model, run.recipe.seed, hooks)
          .run(stage, run.data, from ? &*from : nullptr);
      return saved;
    };
    const auto first = whole_run(std::nullopt);
    ASSERT_EQ(first.size(), 2u);
    const auto second = whole_run(first[0]);
    EXPECT_TRUE(same_bits(first[1].model, second.back().model)) << view;
    EXPECT_FALSE(first[1].views.empty());
    EXPECT_TRUE(same_bits(first[1].views, second.back().views)) << view;
    host::Checkpoint without = first[0];
    without.views.clear();
    try {
      whole_run(without);
      ADD_FAILURE();
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::bad_checkpoint);
      EXPECT_THAT(error.what(),
                  HasSubstr("the checkpoint's weights of views (/views/" + view + ") lacks \"" +
                            (view == "slow" ? "ema:0.9" : "frozen") + "\""));
    }
  }
}

// What a view sees moves no statistics, though the weights that it shares learn.
TEST(ViewsInTraining, MoveNoBuffers) {
  const auto moved = [](const std::string& loss) {
    SmallRun run(
        {R"(graph.norms={"use": "test/encoder.norms", "in": {"tokens": "vision.tokens"}})",
         "graph.digit.in.state=norms.tokens", "stages.fit.losses={\"" + loss + "\": 1}"},
        host::DType::float32,
        text_with(R"({"other": {"bind": {"batch.picture": {"shuffled": "batch.picture"}}}})"),
        parts());
    const State before = run.model.state();
    host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
    std::vector<bool> changed;
    for (const std::string path : {"norms.first.weight", "norms.first.inner.mean"})
      changed.push_back(!equal(run.model.state().at(path), before.at(path)));
    return changed;
  };
  EXPECT_EQ(moved("other:ce"), (std::vector<bool>{true, false}));
  EXPECT_EQ(moved("ce"), (std::vector<bool>{true, true})) << "else it shows nothing";
}

// No gradient reaches a frozen part's weights; one reaches what feeds it.
TEST(ViewsInTraining, GradientsFlowThroughFrozenParts) {
  const std::string views =
      R"({"judge": {"weights": {"frozen": "begin"}, "bind": {"digit.state": "vision.tokens"}}})";
  SmallRun run({R"(stages.fit.losses={"judge:ce": 1})"}, host::DType::float32, text_with(views));
  const host::StagePlan& stage = run.recipe.stages[0];
  const host::Objective objective(run.model, stage);
  const auto trained = host::select_trainable(run.model, stage);
  run.model.weights().freeze(host::changed_by(run.model, stage));
  host::TrainingStream stream(run.data, stage.batch_size, 1);
  objective.backward(host::micro_batches(stream.next(), 1), {true, 5});
  for (const host::NamedTensor& one : trained)
    EXPECT_EQ(static_cast<bool>(host::gradient(one.tensor)), one.path.starts_with("vision."))
        << one.path;
}

// With loss Σ(z − t)² / n the gradient of the last bias is Σ_rows 2(z − t) / n: t is a constant.
TEST(ViewsInTraining, ATeacherGivesTargetsOnly) {
  SmallRun run = run_with(near("begin"));
  host::StagePlan stage = run.recipe.stages[0];
  stage.losses = {{"near", 1.0}};
  stage.batch_size = 8;
  const host::Objective objective(run.model, stage);
  const auto trained = host::select_trainable(run.model, stage);
  run.model.weights().freeze(host::changed_by(run.model, stage));
  run.model.load(SmallRun({"seed=9"}).model.state());  // the student moves away
  const Array z = logits(run, ""), t = logits(run, "begin");
  host::TrainingStream stream(run.data, 8, 1);
  objective.backward(host::micro_batches(stream.next(), 1), {true, 5});
  int checked = 0;
  for (const host::NamedTensor& one : trained) {
    if (!one.path.starts_with("digit.") || one.tensor.sizes() != std::vector<std::int64_t>{10})
      continue;
    ++checked;
    const Array gradient = host::to_array(host::gradient(one.tensor));
    for (std::int64_t c = 0; c < 10; ++c) {
      double expected = 0.0;
      for (std::int64_t row = 0; row < 8; ++row)
        expected += 2.0 / 80.0 *
                    (static_cast<double>(z.data<float>()[row * 10 + c]) -
                     static_cast<double>(t.data<float>()[row * 10 + c]));
      EXPECT_NEAR(static_cast<double>(gradient.data<float>()[c]), expected, 1e-6);
    }
  }
  EXPECT_EQ(checked, 1);
}

TEST(ViewsInTraining, OtherRunsAreLoadedByPath) {
  SmallRun teacher({"seed=9"});
  const Array own = logits(teacher, "");
  const TemporaryFolder folder;
  folder.write("recipe.json", teacher.recipe.resolved);
  const std::string views = R"({"teacher": {"run": ")" + folder.path("") + R"("}})";
  SmallRun student(near("teacher"), host::DType::float32, text_with(views));
  const std::string path = student.model.weights().runs().at(0);
  student.model.weights().load_run(path, teacher.model.state());
  EXPECT_TRUE(equal(own, logits(student, "teacher")));
  EXPECT_FALSE(equal(own, logits(student, "")));
  const State before = teacher.model.state();
  host::Trainer(student.model, student.recipe.seed, {}).run(student.recipe.stages[0], student.data);
  EXPECT_TRUE(equal(own, logits(student, "teacher"))) << "it does not train";
  State less = before;
  less.erase(less.begin());
  try {
    student.model.weights().load_run(path, less);
    ADD_FAILURE();
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(" lacks \"digit."));
  }
}

std::vector<std::string> problems_of_run(const std::string& folder,
                                         const std::vector<std::string>& overrides) {
  std::vector<std::string> texts;
  try {
    const SmallRun run(overrides, host::DType::float32,
                       text_with(R"({"teacher": {"run": ")" + folder + R"("}})"));
  } catch (const host::RecipeError& error) {
    for (const host::Problem& problem : error.problems())
      texts.push_back(problem.pointer + ": " + problem.text);
  }
  return texts;
}

TEST(ViewsInTraining, ARunHasTheNodesAndFieldsThatAreAskedOf) {
  const SmallRun teacher;
  const TemporaryFolder folder;
  folder.write("recipe.json", teacher.recipe.resolved);
  EXPECT_THAT(
      problems_of_run(folder.path("nowhere"), near("teacher")),
      testing::Contains(HasSubstr(
          "/views/teacher/run: expected the folder of a run that `weft train` wrote, but: ")));
  auto overrides = near("teacher");
  overrides[0].replace(overrides[0].find("teacher:digit"), 13, "teacher:answer");
  EXPECT_THAT(
      problems_of_run(folder.path(""), overrides),
      testing::Contains("/losses/near/in/target: the run that view \"teacher\" is of has no "
                        "node \"answer\"."));
  EXPECT_THAT(problems_of_run(folder.path(""), {R"(stages.fit.losses={"teacher:c": 1})"}),
              testing::Contains("/stages/0/losses/teacher:c: the run that view \"teacher\" is of "
                                "has no \"c\". Did you mean \"ce\"?"));
  overrides = near("teacher");
  overrides.push_back(
      R"(data.av.fields={"image": {"kind": "image", "member": "png", "size": [28, 28]},
      "label": {"kind": "class", "member": "cls", "classes": ["0","1","2","3","4","5","6","7","8","9"]}})");
  overrides.push_back("graph.vision.in.image=batch.image");
  EXPECT_THAT(
      problems_of_run(folder.path(""), overrides),
      testing::Contains("/views/teacher: \"teacher:vision\" reads \"batch.picture\", which no "
                        "data of this recipe has. Bind it: {\"batch.picture\": "
                        "\"batch.…\"}."));
  overrides.push_back(R"(views.teacher.bind={"batch.picture": "batch.image"})");
  EXPECT_THAT(problems_of_run(folder.path(""), overrides), testing::ElementsAre());
}

}  // namespace
}  // namespace weft::test
