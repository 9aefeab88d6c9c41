// SPDX-License-Identifier: Apache-2.0
#include "host/session/evaluation_record.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/fingerprint.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/data/dataset/content.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// What the section says of a field of the batch; of one that comes with a field, such as a mask,
/// what it says of that field.
Json field_of(const Json& section, const std::string& name) {
  const Json fields = section.value("fields", Json::object());
  for (std::size_t end = name.size(); end != std::string::npos && end > 0;
       end = name.rfind('_', end - 1))
    if (fields.contains(name.substr(0, end))) return fields.at(name.substr(0, end));
  return nullptr;
}

/// Of the shards that hold the split, whatever the section says of them. What is streamed, and so
/// has not been read whole, has its name.
std::string content_of(const Dataset& data, Split split) {
  Fingerprint fingerprint;
  const SplitContent& part = data.content().part(split);
  for (const auto& shard : part.shards) fingerprint.add(shard->fingerprint);
  for (const std::string& entry : part.entries) fingerprint.add(entry);
  return fingerprint.hex();
}

/// What the recipe says of the texts that are written.
Json generation_of(const Recipe& recipe) {
  const Json::json_pointer pointer("/evaluate/generate");
  const Json values = Json::parse(recipe.resolved);
  return values.contains(pointer) ? values.at(pointer) : Json();
}

/// By field the examples that texts are shown: a score with eight is another than with none.
Json shots_of(const Json& section) {
  Json shots = Json::object();
  for (const auto& [name, field] : section.at("fields").items())
    if (field.contains("shots") && field["shots"].value("count", 0) > 0)
      shots[name] = field["shots"];
  return shots;
}

Json task_of(const Session& session, const std::string& metric, const Json& section,
             const Json& generation) {
  const Wiring& wiring = session.model->wiring();
  const Node& node = wiring.nodes()[wiring.index(metric)];
  Json reads = Json::object();
  for (const std::vector<InputSource>& port : node.inputs)
    for (const InputSource& source : port)
      if (source.from == InputSource::From::batch)
        reads["batch." + source.field] = field_of(section, source.field);
  Json task = {{"part", node.instance.part().id},
               {"version", node.instance.part().version.text()},
               {"config", node.config.empty() ? Json::object() : Json::parse(node.config)},
               {"generate", generation},
               {"reads", reads}};
  if (Json shots = shots_of(section); !shots.empty()) task["shots"] = std::move(shots);
  return task;
}

}  // namespace

std::int64_t kept_drawings(std::int64_t rows) {
  constexpr std::int64_t k_row_draws = 2'000'000;
  return std::clamp<std::int64_t>(k_row_draws / std::max<std::int64_t>(rows, 1), 200, 1000);
}

SavedEvaluation record_of(const Session& session, const SavedWeights& weights,
                          const std::string& split, const Evaluation& evaluation) {
  const Dataset& data = session.data.at(session.recipe.evaluate.data);
  SavedEvaluation saved{split, data.name(), weights.stage, weights.xxh3, weights.step};
  saved.rows = evaluation.examples;
  Fingerprint keys;
  for (const std::string& key : evaluation.keys) keys.add(key);
  saved.keys = keys.hex();
  saved.content = content_of(data, split_named(split));
  Json section;
  for (const DataPlan& plan : session.recipe.data)
    if (plan.name == data.name()) section = Json::parse(plan.config);
  const Json generation = generation_of(session.recipe);
  for (const std::string& metric : session.recipe.evaluate.metrics)
    saved.task[metric] = task_of(session, metric, section, generation).dump();
  saved.values = evaluation.all;
  saved.by = evaluation.by;
  saved.drawings = evaluation.drawn;
  return saved;
}

void save_evaluation(const OpenFolder& run, const SavedEvaluation& saved) {
  write_text(run.made_folder("evaluation"), saved.split + ".json", text_of(saved));
}

}  // namespace weft::host
