// SPDX-License-Identifier: Apache-2.0
#include "host/report/saved_evaluation.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/report/file_text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_longest = std::size_t{1} << 28;  // in bytes

double number_of(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::map<std::string, double> numbers_of(const Json& object) {
  std::map<std::string, double> numbers;
  for (const auto& [name, value] : object.items()) numbers[name] = number_of(value);
  return numbers;
}

SavedEvaluation from_json(const Json& json) {
  if (json.at("format") != 1)
    throw Error(Exit::bad_data, "is of another format: evaluate the run again with `weft eval`");
  SavedEvaluation saved;
  const Json &checkpoint = json.at("checkpoint"), &rows = json.at("rows");
  json.at("split").get_to(saved.split);
  json.at("section").get_to(saved.section);
  checkpoint.at("stage").get_to(saved.stage);
  checkpoint.at("step").get_to(saved.step);
  checkpoint.at("xxh3").get_to(saved.xxh3);
  rows.at("count").get_to(saved.rows);
  rows.at("keys").get_to(saved.keys);
  rows.at("content").get_to(saved.content);
  for (const auto& [metric, task] : json.at("task").items()) saved.task[metric] = task.dump();
  saved.values = numbers_of(json.at("values"));
  for (const auto& [group, values] : json.at("by").items()) saved.by[group] = numbers_of(values);
  for (const auto& [name, values] : json.at("drawings").items())
    for (const Json& value : values) saved.drawings[name].push_back(number_of(value));
  return saved;
}

}  // namespace

std::string text_of(const SavedEvaluation& saved) {
  nlohmann::ordered_json task = nlohmann::ordered_json::object();
  for (const auto& [metric, text] : saved.task) task[metric] = Json::parse(text);
  const nlohmann::ordered_json json{
      {"format", 1},
      {"split", saved.split},
      {"section", saved.section},
      {"checkpoint", {{"stage", saved.stage}, {"step", saved.step}, {"xxh3", saved.xxh3}}},
      {"rows", {{"count", saved.rows}, {"keys", saved.keys}, {"content", saved.content}}},
      {"task", task},
      {"values", saved.values},
      {"by", saved.by},
      {"drawings", saved.drawings}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

bool has_evaluation(const OpenFolder& run, const std::string& split) {
  return run.has_folder("evaluation") && run.folder("evaluation").has_file(split + ".json");
}

SavedEvaluation read_evaluation(const OpenFolder& run, const std::string& split) {
  const std::string name = split + ".json";
  if (!has_evaluation(run, split))
    throw Error(Exit::no_input,
                concat(run.path(), " holds no evaluation of the ", split,
                       " split. Make one with `weft eval ", run.path(), " --split ", split, "`."));
  const OpenFolder folder = run.folder("evaluation");
  try {
    return from_json(parse_strictly(file_text(folder, name, k_longest)));
  } catch (const std::exception& fault) {
    if (const auto* error = dynamic_cast<const Error*>(&fault);
        error != nullptr && error->exit() != Exit::bad_data)
      throw;
    throw Error(Exit::bad_data,
                concat(folder.path_of(name), " is damaged: ", fault.what(),
                       ". Make it anew with `weft eval ", run.path(), " --split ", split, "`."));
  }
}

}  // namespace weft::host
