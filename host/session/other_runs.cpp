// SPDX-License-Identifier: Apache-2.0
#include "host/session/other_runs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/recipe/kept.hpp"

namespace weft::host {
namespace {

/// The fields of a section whose rows are ids of its tokenizer.
std::set<std::string> texts_of(const Recipe& recipe, const std::string& section) {
  std::set<std::string> texts;
  const auto plan = std::ranges::find(recipe.data, section, &DataPlan::name);
  if (plan == recipe.data.end()) return texts;
  const auto config = nlohmann::json::parse(plan->config);
  for (const auto& [name, field] : config.at("fields").items())
    if (const std::string kind = field.value("kind", ""); kind == "text" || kind == "document")
      texts.insert(name);
  return texts;
}

/// Whether nodes of the run read texts of the section.
bool reads_texts(const Session& session, const std::string& run, const std::string& section) {
  const Wiring& wiring = session.model->wiring();
  const std::set<std::string> texts = texts_of(session.recipe, section);
  for (std::size_t i = 0; i < wiring.nodes().size(); ++i) {
    if (wiring.weights()[wiring.nodes()[i].weights].run != run) continue;
    for (const std::vector<InputSource>& port : wiring.inputs(i, section))
      for (const InputSource& source : port)
        if (source.from == InputSource::From::batch && texts.contains(base_field(source.field)))
          return true;
  }
  return false;
}

void require_same_tokenizers(const Session& session, const OpenFolder& run,
                             const std::string& folder) {
  const std::set<std::string> known = tokenizers_when_written(run);
  for (const auto& [section, data] : session.data)
    if (const std::string now = data.tokenizer_fingerprint();
        !now.empty() && !known.contains(now) && reads_texts(session, folder, section))
      throw Error(Exit::bad_checkpoint,
                  concat("the run in ", run.path(),
                         " was trained with another tokenizer than data \"", section,
                         "\" has, so its ids mean other words. Give the section the "
                         "tokenizer in ",
                         run.path_of("tokenizers"), ": {\"file\": …}."));
}

void require_same_parts(const Session& session, const std::string& run,
                        const Checkpoint& checkpoint) {
  const Wiring& wiring = session.model->wiring();
  for (const Node& node : wiring.nodes()) {
    if (wiring.weights()[node.weights].run != run) continue;
    const Part& part = node.instance.part();
    const auto saved = checkpoint.parts.find(node.owner);
    if (saved == checkpoint.parts.end() ||
        (saved->second.first == part.id &&
         saved->second.second == static_cast<int>(part.state_version)))
      continue;
    throw Error(
        Exit::bad_checkpoint,
        concat("node \"", node.owner, "\" of the run in ", run, " was ", saved->second.first,
               " (state ", saved->second.second, "), is now ", part.id, " (state ",
               part.state_version, "). Use the plug-in that the run's weft.lock names."));
  }
}

/// The views that the evaluation computes something of.
class NeededViews {
 public:
  explicit NeededViews(const Recipe& recipe) : recipe_(recipe) {
    for (const std::string& metric : recipe.evaluate.metrics) visit(metric);
  }
  bool contains(const std::string& view) const { return views_.contains(view); }

 private:
  /// @param name  "NODE" or "VIEW:NODE"
  void visit(const std::string& name) {
    if (!visited_.insert(name).second) return;
    const std::size_t colon = name.find(':');
    if (colon != std::string::npos) visit_view(name.substr(0, colon));
    const std::string node = name.substr(colon == std::string::npos ? 0 : colon + 1);
    for (const auto* plans : {&recipe_.graph, &recipe_.losses, &recipe_.metrics})
      for (const NodePlan& plan : *plans)
        if (plan.name == node)
          for (const auto& [port, wires] : plan.in)
            for (const Wire& wire : wires) visit(wire);
  }
  void visit(const Wire& wire) {
    visit(wire.view.empty() || wire.view == "this" ? wire.node : wire.view + ":" + wire.node);
  }
  void visit_view(const std::string& name) {
    const auto view = std::ranges::find(recipe_.views, name, &ViewPlan::name);
    if (view == recipe_.views.end() || !views_.insert(name).second) return;
    visit_view(view->of);
    for (const BindPlan& bind : view->bind)
      for (const Wire& wire : bind.wires) visit(wire);
  }

  const Recipe& recipe_;
  std::set<std::string> visited_, views_;
};

}  // namespace

void set_missing_runs_aside(Recipe& recipe) {
  const NeededViews needed(recipe);
  std::erase_if(recipe.views, [&](const ViewPlan& view) {
    return !view.run.empty() && !needed.contains(view.name) && !holds_run(view.run);
  });
}

void load_other_runs(Session& session, Observer& observer) {
  for (const std::string& folder : session.model->weights().runs()) {
    const OpenFolder run(folder);
    const Recipe recipe = read_kept(folder, folder_when_written(run), {});
    const std::optional<Checkpoint> checkpoint =
        newest_checkpoint(run, stage_names(recipe),
                          [&observer](const std::string& sentence) { observer.warning(sentence); });
    if (!checkpoint)
      throw Error(Exit::no_input, concat("a view is of the run in ", folder,
                                         ", which holds no checkpoint yet. Train it first."));
    require_same_tokenizers(session, run, folder);
    require_same_parts(session, folder, *checkpoint);
    session.model->weights().load_run(folder, checkpoint->model);
    session.runs[folder] = checkpoint->model_xxh3;
  }
}

}  // namespace weft::host
