// SPDX-License-Identifier: Apache-2.0
/// Samples per second of the demo's training steps on one thread: each stage of recipes/digits_qa,
/// and its last stage with each fusion in place of the recipe's. Turns of ten steps.

#include <cstdio>
#include <memory>

#include "host/data/fields/feature_cache.hpp"
#include "host/engine/runtime.hpp"
#include "host/training/trainer.hpp"
#include "tests/bench/side_by_side.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

constexpr int k_steps = 10;

/// A recipe, opened and ready to train its stage `stage`.
struct Training {
  Training(const std::vector<std::string>& overrides, const std::string& stage)
      : recipe(host::read_recipe(WEFT_SOURCE_DIR "/recipes/digits_qa.json", overrides)),
        model(test::wire(recipe), recipe.seed) {
    for (const host::StagePlan& candidate : recipe.stages)
      if (candidate.name == stage) plan = candidate;
    plan.steps = k_steps;
    for (const host::DataPlan& section : recipe.data)
      if (section.name == plan.data)
        data = std::make_unique<host::Dataset>(
            host::Dataset::open(section.name, section.config, cache.path("tokenizer"), features));
  }
  void run() { host::Trainer(model, recipe.seed, {}).run(plan, *data); }

  inline static const std::shared_ptr<host::FeatureCache> features =
      std::make_shared<host::FeatureCache>();  // pictures and recordings are decoded once for all
  test::TemporaryFolder cache;
  host::Recipe recipe;
  host::Model model;
  host::StagePlan plan;
  std::unique_ptr<host::Dataset> data;
};

void measure(const std::vector<std::pair<std::string, std::shared_ptr<Training>>>& trainings) {
  std::vector<Way> ways;
  for (const auto& [name, training] : trainings)
    ways.push_back({name, [training = training] { training->run(); }});
  const std::vector<Timing> timings = side_by_side(ways, 9, 1);
  for (std::size_t i = 0; i < timings.size(); ++i) {
    const auto samples = static_cast<double>(k_steps * trainings[i].second->plan.batch_size);
    std::printf("%-32s %7.0f samples/s  %6.1f ms a step  x %.2f\n", timings[i].name.c_str(),
                samples / timings[i].median, 1e3 * timings[i].median / k_steps,
                timings[i].median / timings[0].median);
  }
}

}  // namespace
}  // namespace weft::bench

int main() {
  using namespace weft::bench;
  weft::host::set_threads(1);
  weft::host::set_deterministic(true);
  const auto training = [](const std::string& stage, const std::string& fusion) {
    return std::make_shared<Training>(std::vector{"graph.fusion.use=" + fusion}, stage);
  };
  std::vector<std::pair<std::string, std::shared_ptr<Training>>> stages, fusions;
  for (const char* stage : {"answer", "see", "hear"})
    stages.emplace_back(std::string("stage ") + stage, training(stage, "fusion.pairwise"));
  measure(stages);
  fusions.push_back({"answer, fusion.pairwise", stages[0].second});
  for (const char* fusion : {"fusion.gated_cross_attention", "fusion.concat", "fusion.mean"})
    fusions.emplace_back(std::string("answer, ") + fusion, training("answer", fusion));
  measure(fusions);
}
