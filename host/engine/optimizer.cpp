// SPDX-License-Identifier: Apache-2.0
#include "host/engine/optimizer.hpp"

#include <c10/core/GradMode.h>

#include <set>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/update_rule.hpp"

namespace weft::host {

// One for each rule, with all its settings; each in a file of its own.
std::unique_ptr<Update> make_adamw(const Settings& settings);
std::unique_ptr<Update> make_lion(const Settings& settings);
std::unique_ptr<Update> make_muon(const Settings& settings);
std::unique_ptr<Update> make_sgd(const Settings& settings);

namespace {

struct Group {
  std::unique_ptr<Update> update;
  double weight_decay;
  std::vector<OptimizerSlot> slots;
};

[[noreturn]] void refuse(const std::string& text) {
  throw Error(Exit::bad_checkpoint,
              "the optimiser's state does not fit: " + text +
                  ". It belongs to another model, to another optimiser or to a stage that trains "
                  "other parts.");
}

std::unique_ptr<Update> make_update(const UpdateRule& rule) {
  static const std::map<std::string, std::unique_ptr<Update> (*)(const Settings&)> rules = {
      {"adamw", make_adamw}, {"lion", make_lion}, {"muon", make_muon}, {"sgd", make_sgd}};
  const auto make = rules.find(rule.name);
  if (make == rules.end())
    throw Error(Exit::failed, concat("no optimiser is called \"", rule.name, "\"."));
  return make->second(rule.settings);
}

Group make_group(const OptimizerGroup& given) {
  Group group{make_update(given.rule), given.weight_decay, {}};
  for (const OptimizerParameter& parameter : given.parameters) {
    const at::Tensor& tensor = tensor_of(parameter.tensor);
    if (const std::string expected = group.update->refusal(tensor); !expected.empty())
      throw Error(Exit::failed, concat(given.rule.name, " moves ", expected, "; \"", parameter.path,
                                       "\" is ", describe(tensor), "."));
    group.slots.push_back({parameter.path, tensor, {}});
  }
  return group;
}

void step_group(Group& group, double rate) {
  std::vector<OptimizerSlot*> slots;
  for (OptimizerSlot& slot : group.slots) {
    if (!slot.parameter.grad().defined()) continue;
    if (slot.state.empty()) slot.state = group.update->fresh_state(slot.parameter);
    slots.push_back(&slot);
  }
  if (!slots.empty()) group.update->step(slots, rate, group.weight_decay);
}

/// The state of one parameter; empty where `state` says nothing of it. What is used is crossed off.
std::vector<at::Tensor> loaded_state(const Group& group, const OptimizerSlot& slot,
                                     const std::map<std::string, Array>& state,
                                     std::set<std::string>& unused) {
  const std::vector<std::string> names = group.update->state_names();
  std::vector<at::Tensor> tensors = group.update->fresh_state(slot.parameter);
  std::size_t found = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = concat(slot.path, ".", names[i]);
    const auto array = state.find(name);
    if (array == state.end()) continue;
    ++found;
    unused.erase(name);
    try {
      copy_into(wrap(tensors[i]), array->second);
    } catch (const Error& error) {
      refuse("\"" + name + "\": " + error.what());
    }
  }
  if (found == 0) return {};
  if (found < names.size()) refuse("\"" + slot.path + "\" is incomplete");
  return tensors;
}

}  // namespace

struct Optimizer::Implementation {
  std::vector<Group> groups;
};

Optimizer::Optimizer(const std::vector<OptimizerGroup>& groups)
    : implementation_(std::make_unique<Implementation>()) {
  for (const OptimizerGroup& group : groups) implementation_->groups.push_back(make_group(group));
}

Optimizer::~Optimizer() = default;
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;

void Optimizer::step(const std::vector<double>& rates) {
  checked("the optimiser's step", [&] {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < implementation_->groups.size(); ++i)
      step_group(implementation_->groups[i], rates.at(i));
  });
}

std::map<std::string, Array> Optimizer::state() const {
  std::map<std::string, Array> state;
  for (const Group& group : implementation_->groups) {
    const std::vector<std::string> names = group.update->state_names();
    for (const OptimizerSlot& slot : group.slots)
      for (std::size_t i = 0; i < slot.state.size(); ++i)
        state[concat(slot.path, ".", names[i])] = to_array(wrap(slot.state[i]));
  }
  return state;
}

void Optimizer::load(const std::map<std::string, Array>& state) {
  checked("loading the optimiser's state", [&] {
    std::set<std::string> unused;
    for (const auto& [name, array] : state) unused.insert(name);
    std::vector<std::vector<at::Tensor>> loaded;
    for (const Group& group : implementation_->groups)
      for (const OptimizerSlot& slot : group.slots)
        loaded.push_back(loaded_state(group, slot, state, unused));
    if (!unused.empty()) refuse("it has \"" + *unused.begin() + "\", which is not trained here");
    auto next = loaded.begin();
    for (Group& group : implementation_->groups)
      for (OptimizerSlot& slot : group.slots) slot.state = std::move(*next++);
  });
}

}  // namespace weft::host
