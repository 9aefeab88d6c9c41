// SPDX-License-Identifier: Apache-2.0
#include "host/session/initial_weights.hpp"

#include <algorithm>
#include <map>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/recipe/initial.hpp"

namespace weft::host {
namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

/// What of the file does not fit the part; "" if all does.
std::string misfits(const Shapes& file, const Shapes& part) {
  std::vector<std::string> unknown, sizes;
  for (const auto& [name, shape] : file) {
    const auto ours = part.find(name);
    if (ours == part.end())
      unknown.push_back(name);
    else if (ours->second != shape)
      sizes.push_back(concat(name, " is ", shape_text(shape), " there and ",
                             shape_text(ours->second), " in the part"));
  }
  std::string text;
  if (!unknown.empty()) text += concat(" The part has no ", enumerate(unknown), ".");
  if (!sizes.empty()) text += concat(" Other sizes: ", enumerate(sizes), ".");
  return text;
}

}  // namespace

std::vector<Problem> inspect_initial_weights(Recipe& recipe, const Wiring& wiring) {
  std::vector<Problem> notes;
  for (const InitialFile& init : initial_files(recipe)) {
    const auto node = std::ranges::find(wiring.nodes(), init.node, &Node::name);
    if (node == wiring.nodes().end()) continue;
    try {
      const Shapes file = safetensors_shapes(init.file), part = node->instance.tensor_sizes();
      if (const std::string text = misfits(file, part); !text.empty())
        recipe.problems.add(recipe.locate(
            init.pointer, concat(init.file, " does not fit ", node->instance.part().id, ".", text,
                                 " Give the node the configuration that the file was made for.")));
      std::vector<std::string> without;
      for (const auto& [name, sizes] : part)
        if (!file.contains(name)) without.push_back(name);
      if (!without.empty())
        notes.push_back(recipe.locate(init.pointer, concat(init.file, " lacks ", enumerate(without),
                                                           ": they begin as without it.")));
    } catch (const Error& error) {
      recipe.problems.add(recipe.locate(init.pointer, error.what()), error.exit());
    }
  }
  return notes;
}

}  // namespace weft::host
