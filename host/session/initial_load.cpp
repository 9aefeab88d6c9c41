// SPDX-License-Identifier: Apache-2.0
#include "host/session/initial_load.hpp"

#include <map>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/distribution/agreement.hpp"
#include "host/recipe/initial.hpp"
#include "host/session/initial_weights.hpp"

namespace weft::host {
namespace {

/// The same numbers as float32: files often hold 16 bits.
Array as_float32(const Array& array) {
  if (array.dtype == DType::float32) return array;
  Array wide = Array::empty(DType::float32, array.sizes);
  for (std::int64_t i = 0; i < array.count(); ++i)
    wide.data<float>()[i] = static_cast<float>(element(array, i));
  return wide;
}

/// Puts a file's tensors in the place of a node's.
/// @returns the file's hash
std::string take(const InitialFile& init, const std::map<std::string, std::string>& ties,
                 std::map<std::string, Array>& weights) {
  for (const auto& [name, array] : read_safetensors(init.file).tensors) {
    const std::string path = concat(init.node, ".", name);
    const auto tied = ties.find(path);
    weights.at(tied == ties.end() ? path : tied->second) = as_float32(array);
  }
  return digest_of(init.file).xxh3;
}

/// Averages were made of the weights before.
void begin_averages(Model& model, const std::map<std::string, Array>& weights) {
  std::map<std::string, Array> views = model.weights().views();
  for (auto& [name, array] : views)
    if (const std::size_t slash = name.find('/'); slash != std::string::npos)
      array = weights.at(name.substr(slash + 1));
  model.weights().load_views(views, [](const std::string&) { return false; });
}

}  // namespace

void load_initial_weights(Session& session, Collective& ranks, EventWriter& events,
                          Observer& observer) {
  Recipe& recipe = session.recipe;
  for (const Problem& note : inspect_initial_weights(recipe, session.model->wiring()))
    observer.warning(note.sentence());
  recipe.problems.require_none(recipe.path);
  const std::vector<InitialFile> files = initial_files(recipe);
  if (files.empty()) return;
  Model& model = *session.model;
  const std::map<std::string, std::string>& ties = model.wiring().weights().front().ties;
  std::map<std::string, Array> weights = model.state();
  std::map<std::string, std::string> facts;
  for (const InitialFile& init : files) {
    const std::string hash = take(init, ties, weights);
    facts[concat("the weights that \"", init.node, "\" begins with")] = hash;
    events.write("initialized", {{"node", init.node}, {"file", init.file}, {"xxh3", hash}});
    observer.note(concat("\"", init.node, "\" begins with the weights in ", init.file, "."));
  }
  model.load(weights);
  require_same(ranks, facts);
  begin_averages(model, weights);
}

}  // namespace weft::host
