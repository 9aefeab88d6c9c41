// SPDX-License-Identifier: Apache-2.0
#include "host/optim/groups.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "host/graph/memory_check.hpp"
#include "host/graph/stages.hpp"

namespace weft::host::optim {
namespace {

/// "block_3" of "block_3.norm.scale"; "" where the first part ends in no number.
std::string block_of(const std::string& name) {
  const std::string first = name.substr(0, name.find('.'));
  const bool is_block = first.size() < name.size() && !first.empty() &&
                        std::isdigit(static_cast<unsigned char>(first.back())) != 0;
  return is_block ? first : "";
}

/// Whether the name says that it stands behind the blocks, wherever it is declared.
bool is_last(const std::string& name) {
  const std::string first = name.substr(0, name.find('.'));
  return first == "norm" || first == "out" || first == "head";
}

/// As the part says; what it leaves open goes with the parameter before it.
std::vector<std::int64_t> declared_layers(const std::vector<ParameterDecl>& parameters) {
  std::vector<std::int64_t> layers;
  std::int64_t layer = 0;
  for (const ParameterDecl& one : parameters) {
    if (one.layer > 0) layer = one.layer;
    layers.push_back(layer);
  }
  return layers;
}

/// The paths of the model's parameters to their layers, counted from the top of their node.
std::map<std::string, std::int64_t> layers_below_top(const Model& model) {
  std::map<std::string, std::int64_t> below;
  for (const Node& node : model.wiring().nodes()) {
    const std::vector<ParameterDecl>& declared = node.instance.parameters();
    std::vector<std::string> names;
    for (const ParameterDecl& one : declared) names.push_back(one.name);
    const bool says =
        std::ranges::any_of(declared, [](const ParameterDecl& one) { return one.layer > 0; });
    const std::vector<std::int64_t> layers = says ? declared_layers(declared) : layers_of(names);
    const std::int64_t top = layers.empty() ? 0 : *std::ranges::max_element(layers);
    for (std::size_t i = 0; i < names.size(); ++i)
      below[node.name + "." + names[i]] = top - layers[i];
  }
  return below;
}

bool is_for_others(const OptimizerPlan& plan, const NamedTensor& parameter) {
  return plan.use == "muon" &&
         (parameter.tensor.sizes().size() != 2 || !parameter.decay ||
          std::ranges::any_of(plan.also_adamw, [&](const std::string& pattern) {
            return covers(pattern, parameter.path);
          }));
}

}  // namespace

std::int64_t numbers_of(const std::vector<NamedTensor>& parameters) {
  std::int64_t sum = 0;
  for (const NamedTensor& parameter : parameters) sum += element_count(parameter.tensor.sizes());
  return sum;
}

std::vector<std::int64_t> layers_of(const std::vector<std::string>& names) {
  std::map<std::string, std::int64_t> blocks;
  for (const std::string& name : names)
    if (const std::string block = block_of(name); !block.empty())
      blocks.try_emplace(block, static_cast<std::int64_t>(blocks.size()) + 1);
  if (blocks.empty()) return std::vector<std::int64_t>(names.size(), 0);
  const auto top = static_cast<std::int64_t>(blocks.size()) + 1;
  std::vector<std::int64_t> layers;
  std::int64_t layer = 0;
  for (const std::string& name : names) {
    const std::string block = block_of(name);
    if (!block.empty()) layer = blocks.at(block);
    layers.push_back(block.empty() && is_last(name) ? top : layer);
  }
  for (std::size_t i = names.size(); i-- > 0 && block_of(names[i]).empty();) layers[i] = top;
  return layers;
}

std::vector<ParameterGroup> groups_of(const StagePlan& stage, const Model& model) {
  const std::map<std::string, std::int64_t> below = layers_below_top(model);
  std::vector<ParameterGroup> groups;
  std::map<std::tuple<bool, bool, double, std::int64_t>, std::size_t> known;
  for (const NamedTensor& parameter : model.parameters()) {
    if (!is_trained(stage, parameter.path)) continue;
    const GroupPlan plan = group_of(stage, parameter.path);
    const double lr_mult =
        plan.lr_mult * std::pow(plan.layer_decay, static_cast<double>(below.at(parameter.path)));
    const bool is_other = is_for_others(stage.optimizer, parameter);
    const bool decays = parameter.decay && plan.weight_decay;
    const auto [place, is_new] =
        known.try_emplace({is_other, !decays, lr_mult, plan.from_step}, groups.size());
    if (is_new) {
      groups.push_back(
          {is_other ? stage.optimizer.others.at(0) : stage.optimizer, lr_mult, plan.from_step, {}});
      if (!decays) groups.back().rule.weight_decay = 0.0;
    }
    groups[place->second].parameters.push_back(parameter);
  }
  return groups;
}

}  // namespace weft::host::optim
