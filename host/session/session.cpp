// SPDX-License-Identifier: Apache-2.0
#include "host/session/session.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/data/fields/feature_cache.hpp"
#include "host/distribution/world.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/device/device.hpp"
#include "host/engine/runtime.hpp"
#include "host/engine/tables.hpp"
#include "host/evaluation/shared_evaluation.hpp"
#include "host/graph/expand.hpp"
#include "host/graph/memory_check.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/open_calls.hpp"
#include "host/session/evaluation_record.hpp"
#include "host/session/inspection.hpp"
#include "host/session/other_runs.hpp"

namespace weft::host {
namespace {

std::set<std::string> used_data(const Recipe& recipe, Opens opens) {
  std::set<std::string> used;
  if (opens == Opens::none) return used;
  if (opens == Opens::all)
    for (const StagePlan& stage : recipe.stages) used.insert(stage.data);
  if (!recipe.evaluate.data.empty()) used.insert(recipe.evaluate.data);
  return used;
}

std::string wanted_device(const SessionSettings& settings) {
  if (!settings.device.empty()) return settings.device;
  const char* const device = std::getenv("WEFT_DEVICE");
  return device != nullptr && *device != '\0' ? device : "cpu";
}

}  // namespace

std::vector<std::filesystem::path> plugin_folders(const SessionSettings& settings) {
  return settings.plugins.empty() ? default_search_path() : settings.plugins;
}

std::string cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::string(cache) + "/weft";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : "/tmp") + "/.cache/weft";
}

void fill_in(Recipe& recipe, const Registry& registry) {
  const auto fields = inspect_data(
      recipe, [](const DataPlan&) { return ""; }, [](const DataPlan&) { return false; });
  recipe.resolved = pretty(expanded(recipe, Wiring(recipe, registry, fields)));
}

Session open_session(const SessionSettings& settings, Recipe recipe, Opens opens,
                     const std::string& run, Observer& observer) {
  const std::string passed_over =
      set_device(wanted_device(settings), world_from_environment().local_rank);
  if (!passed_over.empty()) observer.remark(passed_over);
  const int threads = settings.threads > 0 ? settings.threads : recipe.threads;
  const int machine = static_cast<int>(std::thread::hardware_concurrency());
  set_threads(threads > 0 ? threads : std::max(machine / settings.processes, 1));
  set_deterministic(true);
  set_error_sink(core_api());
  offer_extension(WEFT_DRAFT_SEQUENCE, sequence_api());
  offer_extension(WEFT_DRAFT_DEVICE, device_api());
  set_entry_slot(thread_entry);

  Session session;
  session.recipe = std::move(recipe);
  session.registry = std::make_unique<Registry>(
      plugin_folders(settings), HostTables{tensor_api(), op_api(), grad_api(), migration_api()});
  const auto kept = [&](const DataPlan& plan) {
    return run.empty() ? "" : kept_tokenizer(run, plan.name);
  };
  const std::set<std::string> used = used_data(session.recipe, opens);
  const auto is_used = [&](const DataPlan& plan) { return used.contains(plan.name); };
  const auto fields = inspect_data(session.recipe, kept, is_used);
  Wiring wiring(session.recipe, *session.registry, fields);
  session.recipe.resolved = pretty(expanded(session.recipe, wiring));
  for (Problem& problem : memory_problems(session.recipe, wiring.nodes(), fields, machine_memory()))
    session.recipe.problems.add(std::move(problem));
  session.recipe.problems.require_none(session.recipe.path);

  const auto features = std::make_shared<FeatureCache>();
  const auto open = [&](const DataPlan& plan) {
    return Dataset::open(plan.name, plan.config, cache_folder(), features, kept(plan),
                         settings.commands);
  };
  session.data = open_data(session.recipe, used, open, opens == Opens::all);
  if (opens == Opens::all) {
    for (const Problem& note : wiring.notes()) observer.remark(note.sentence());
    for (const Problem& note : note_large_batches(session.recipe, session.data))
      observer.remark(note.sentence());
  }
  session.model = std::make_unique<Model>(std::move(wiring), session.recipe.seed);
  load_other_runs(session, observer);
  return session;
}

Evaluation evaluate_recipe(const Session& session, Split split, Collective& ranks) {
  const EvaluationPlan& plan = session.recipe.evaluate;
  const Dataset& data = session.data.at(plan.data);
  return evaluate_together(*session.model, data,
                           {split, plan.batch_size, plan.metrics, plan.group_by, plan.generate,
                            plan.drawings, kept_drawings(data.size(split))},
                           ranks);
}

RunLock lock_of(const Session& session, const std::string& folder) {
  RunLock lock{WEFT_VERSION,
               torch_version(),
               session.recipe.seed,
               threads(),
               cpu_capability(),
               std::filesystem::absolute(folder).lexically_normal().string(),
               {},
               {},
               {},
               session.runs,
               device_text(),
               concat(WEFT_ABI_MAJOR, ".", WEFT_ABI_MINOR)};
  for (const auto& [name, data] : session.data) {
    lock.data[name] = data.fingerprint();
    if (const std::string made = data.tokenizer_fingerprint(); !made.empty())
      lock.tokenizers[name] = made;
  }
  for (const Node& node : session.model->wiring().nodes()) {
    if (node.is_viewed() && !node.is_of_run) continue;
    const host::Part& part = node.instance.part();
    lock.parts[node.name] = {part.id, part.version.text(), part.file.filename().string(),
                             part.sha256};
  }
  return lock;
}

std::vector<std::string> stage_names(const Recipe& recipe) {
  std::vector<std::string> names;
  for (const StagePlan& stage : recipe.stages) names.push_back(stage.name);
  return names;
}

std::map<std::string, std::vector<std::int64_t>> shapes_of(const Model& model) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto* list : {&model.parameters(), &model.buffers()})
    for (const NamedTensor& named : *list) shapes[named.path] = named.tensor.sizes();
  return shapes;
}

std::map<std::string, std::pair<std::string, int>> parts_of(const Model& model) {
  std::map<std::string, std::pair<std::string, int>> parts;
  for (const Node& node : model.wiring().nodes())
    if (!node.is_viewed())
      parts[node.name] = {node.instance.part().id,
                          static_cast<int>(node.instance.part().state_version)};
  return parts;
}

}  // namespace weft::host
