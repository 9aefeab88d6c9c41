// SPDX-License-Identifier: Apache-2.0
#include "host/session/repeat.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/temporary_folder.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/recipe/kept.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t k_longest_state = std::size_t{1} << 24;

SavedWeights newest_weights(const std::string& folder, const Recipe& recipe) {
  const auto checkpoint =
      newest_checkpoint(OpenFolder(folder), stage_names(recipe), [](const std::string&) {});
  if (!checkpoint)
    throw Error(Exit::no_input, concat(folder, " holds no checkpoint yet. Train it first."));
  return {checkpoint->stage, checkpoint->step, checkpoint->model_xxh3};
}

/// Every loss that was logged and every metric that was measured, by what it is called. Of a step
/// that was taken again after a stop the last one counts.
std::map<std::string, double> logged_numbers(const std::string& folder) {
  std::map<std::string, double> numbers;
  for (const Json& event : events_of(OpenFolder(folder))) {
    const std::string kind = event.value("event", "");
    std::string place = kind == "evaluation" ? event.value("split", "") : event.value("stage", "");
    if (kind != "evaluation") place += concat(" step ", event.value("step", std::int64_t{0}));
    const char* key = kind == "step" ? "losses" : "values";
    if (kind != "step" && kind != "measure" && kind != "evaluation") continue;
    const Json values = event.value(key, Json::object());
    for (const auto& [name, value] : values.items())
      if (value.is_number())
        numbers[concat(place, kind == "step" ? ": loss " : ": ", name)] = value.get<double>();
  }
  return numbers;
}

void compare(Repeated& result) {
  const auto before = logged_numbers(result.before), now = logged_numbers(result.now);
  for (const auto& [name, value] : before) {
    const auto other = now.find(name);
    if (other == now.end()) {
      result.missing.push_back(name);
      continue;
    }
    ++result.compared;
    if (other->second != value) result.different.push_back({name, value, other->second});
  }
  for (const auto& [name, value] : now)
    if (!before.contains(name)) result.missing.push_back(name);
}

using Step = std::pair<std::string, std::int64_t>;

/// Notes a hash of every saved state, and stops the run after the steps that are asked for.
class Chain final : public Observer {
 public:
  Chain(std::string folder, std::set<Step> stops, Observer& outer)
      : folder_(std::move(folder)), stops_(std::move(stops)), outer_(outer) {}

  void warning(const std::string& sentence) override { outer_.warning(sentence); }
  void step_ends(const StepReport& report) override {
    if (stops_.erase({report.stage, report.step}) > 0) stop_ = true;
  }
  void saved(const std::string& stage, std::int64_t step) override {
    if (hashes_.contains({stage, step})) return;  // opened again
    Fingerprint link;
    link.add(last_);
    link.add(read_text(concat(folder_, "/checkpoints/", stage, "-", step, "/state.json"),
                       k_longest_state));
    last_ = link.hex();
    hashes_[{stage, step}] = last_;
    order_.push_back({stage, step});
  }

  std::atomic<bool>& stop() { return stop_; }
  const std::vector<Step>& order() const { return order_; }
  std::string hash(const Step& step) const {
    const auto found = hashes_.find(step);
    return found == hashes_.end() ? "" : found->second;
  }

 private:
  std::string folder_;
  std::set<Step> stops_;
  Observer& outer_;
  std::atomic<bool> stop_ = false;
  std::string last_;
  std::map<Step, std::string> hashes_;
  std::vector<Step> order_;
};

/// The recipe cut short, saved often and without its evaluation.
Recipe shortened(Recipe recipe, std::int64_t steps) {
  constexpr std::int64_t k_saves = 12;
  for (StagePlan& stage : recipe.stages) {
    if (steps > 0) stage.steps = std::min(stage.steps, steps);
    stage.save_every = std::max<std::int64_t>(1, stage.steps / k_saves);
  }
  recipe.evaluate = {};
  return recipe;
}

/// After a third and two thirds of every stage, where it is saved anyway.
std::set<Step> stops_of(const Recipe& recipe) {
  std::set<Step> stops;
  for (const StagePlan& stage : recipe.stages)
    for (const std::int64_t third : {1, 2}) {
      const std::int64_t step = stage.steps * third / 3 / stage.save_every * stage.save_every;
      if (step > 0 && step < stage.steps) stops.insert({stage.name, step});
    }
  return stops;
}

}  // namespace

bool Repeated::is_equal() const {
  return weights_before.stage == weights_now.stage && weights_before.step == weights_now.step &&
         weights_before.xxh3 == weights_now.xxh3 && different.empty() && missing.empty();
}

Repeated repeat_run(const std::string& run, const SessionSettings& settings,
                    const TrainSettings& train, Observer& observer) {
  const OpenFolder folder(run);
  require_run(folder);
  if (!has_lock(folder))
    throw Error(Exit::no_input, concat(folder.path_of("weft.lock"),
                                       " is missing, so nothing says what the run was trained "
                                       "with."));
  Recipe recipe = read_kept(run, folder_when_written(folder), settings.overrides);
  Repeated result;
  result.before = run;
  result.weights_before = newest_weights(run, recipe);
  result.now = train.run.empty() ? fs::path(run).lexically_normal().string() + "-again" : train.run;
  if (folder.has_folder("segments"))
    observer.warning(concat(run,
                            " was trained in several stretches with other settings (segments/); "
                            "what is repeated has those of the last one."));
  SessionSettings chosen = settings;
  if (chosen.threads == 0) chosen.threads = threads_when_written(folder);
  TrainSettings again = train;
  again.run = result.now;
  again.repeats = run;
  const Recipe names = recipe;
  train_recipe(std::move(recipe), chosen, again, observer);
  result.weights_now = newest_weights(result.now, names);
  compare(result);
  return result;
}

std::vector<ChainLink> verify_resume(const std::string& recipe_file,
                                     const SessionSettings& settings, std::int64_t steps,
                                     Observer& observer) {
  const TemporaryFolder folder("weft-verify");
  const auto recipe = [&] {
    return shortened(inspect_recipe(recipe_file, settings.overrides), steps);
  };
  const std::set<Step> stops = stops_of(recipe());
  Chain straight((folder.path() / "straight").string(), {}, observer),
      resumed((folder.path() / "resumed").string(), stops, observer);
  TrainSettings train;
  train.run = (folder.path() / "straight").string();
  train_recipe(recipe(), settings, train, straight);

  train.run = (folder.path() / "resumed").string();
  train.stop = &resumed.stop();
  for (bool is_done = false; !is_done; train.mode = RunFolder::Mode::resume) {
    resumed.stop() = false;
    try {
      train_recipe(recipe(), settings, train, resumed);
      is_done = true;
    } catch (const Error& error) {
      if (error.exit() != Exit::interrupted) throw;
    }
  }
  std::vector<ChainLink> links;
  for (const Step& step : straight.order())
    links.push_back(
        {step.first, step.second, straight.hash(step), resumed.hash(step), stops.contains(step)});
  return links;
}

}  // namespace weft::host
