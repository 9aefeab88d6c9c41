// SPDX-License-Identifier: Apache-2.0
#include "host/registry/instance.hpp"

#include <stdexcept>
#include <utility>

#include "host/base/text.hpp"
#include "host/registry/guard.hpp"

namespace weft::host {

struct Instance::State {
  Part part;
  std::shared_ptr<const LibraryHold> hold;  ///< outlives `self`, which ~State destroys first
  const weft_component* component;
  std::string path;  ///< the component's place in the recipe
  std::string who;   ///< begins every sentence
  weft_context_s context;
  void* self = nullptr;
  bool created = false;

  Entry at(const char* entry) const {
    return {hold->library->name().c_str(), component->id, path.c_str(), entry};
  }

  [[noreturn]] void fail(Exit exit, const std::string& reason) const {
    throw Error(exit, who + ": " + reason);
  }

  void create(const std::string& config) {
    const Outcome outcome = attempt(at("create"), [&] {
      return component->create(&context, config.data(), config.size(), &self);
    });
    context.open = false;
    created = outcome.status == WEFT_OK;
    if (context.out_of_range)
      fail(Exit::bad_recipe,
           context.refused + ". A number in its configuration is too large or too small.");
    if (!context.refused.empty()) fail(Exit::plugin, context.refused);
    if (!created)
      fail(outcome.status == WEFT_INTERNAL ? Exit::plugin : Exit::bad_recipe, outcome.reason);
    try {
      context.declared.check_complete(component->kind);
    } catch (const std::invalid_argument& refusal) {
      fail(Exit::plugin, refusal.what());
    }
  }

  /// Throws if the component left out what its role demands: a null handle would fail far from
  /// here.
  void check_outputs(const weft_call& call) const {
    if (call.role == WEFT_ROLE_UPDATE || call.role == WEFT_ROLE_STEP) return;
    const std::vector<Port>& outputs = context.declared.outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const bool is_left = outputs[i].on_demand && (call.wanted == nullptr || call.wanted[i] == 0);
      if (is_left && call.out[i] != nullptr)
        fail(Exit::plugin, concat("it wrote output \"", outputs[i].name,
                                  "\", which is computed on demand and which nothing wants"));
      const bool demanded = call.role != WEFT_ROLE_COUNT || outputs[i].name == "weight";
      if (demanded && !is_left && call.out[i] == nullptr)
        fail(Exit::plugin, concat("it wrote no tensor to output \"", outputs[i].name, "\""));
    }
  }

  ~State() {
    destroy();
    hold->instance = false;
  }

  void destroy() const {
    if (!created) return;
    const Outcome outcome = attempt(at("destroy"), [&] {
      component->destroy(self);
      return WEFT_OK;
    });
    if (outcome.status == WEFT_OK) return;
    const std::string line = who + ": while it was destroyed: " + outcome.reason;
    core_api()->log(WEFT_LOG_WARNING, line.data(), line.size());
  }
};

Instance::Instance(const Part& part, const std::string& path, const std::string& config,
                   const std::map<std::string, std::uint32_t>& wired, std::uint32_t unless_named)
    : state_(new State{part,
                       part.library->hold(path),
                       part.component,
                       path,
                       concat(path, " (", part.id, " ", part.version.text(), ")"),
                       {{}, wired, true, "", false, false, unless_named}}) {
  state_->create(config);
}

const Part& Instance::part() const {
  return state_->part;
}
const std::vector<Port>& Instance::inputs() const {
  return state_->context.declared.inputs;
}
const std::vector<Port>& Instance::outputs() const {
  return state_->context.declared.outputs;
}
const std::vector<ParameterDecl>& Instance::parameters() const {
  return state_->context.declared.parameters;
}
const std::vector<ParameterDecl>& Instance::buffers() const {
  return state_->context.declared.buffers;
}
std::map<std::string, std::vector<std::int64_t>> Instance::tensor_sizes() const {
  std::map<std::string, std::vector<std::int64_t>> sizes;
  for (const auto* list : {&parameters(), &buffers()})
    for (const ParameterDecl& one : *list) sizes[one.name] = one.sizes;
  return sizes;
}
const std::vector<StateDecl>& Instance::states() const {
  return state_->context.declared.states;
}
const std::vector<CacheDecl>& Instance::caches() const {
  return state_->context.declared.caches;
}
const std::map<std::string, std::int64_t>& Instance::sizes() const {
  return state_->context.declared.sizes;
}
std::uint32_t Instance::traits() const {
  return state_->context.declared.traits;
}
std::shared_ptr<const LibraryHold> Instance::library() const {
  return state_->hold;
}

// A part without ports gets tables of no elements, and never null, which stands for a step of the
// life cycle that was skipped.
static constexpr std::uint32_t k_no_counts[1] = {};
static weft_spec no_specs[1] = {};
static weft_tensor no_tensors[1] = {};

void Instance::infer(const weft_spec* in, const std::uint32_t* in_count, weft_spec* out) const {
  if (state_->component->infer == nullptr) return;
  if (in == nullptr) in = no_specs;
  if (in_count == nullptr) in_count = k_no_counts;
  if (out == nullptr) out = no_specs;
  const Outcome outcome = attempt(state_->at("infer"), [&] {
    return state_->component->infer(state_->self, in, in_count, out);
  });
  if (outcome.status != WEFT_OK)
    state_->fail(outcome.status == WEFT_INTERNAL ? Exit::plugin : Exit::bad_recipe, outcome.reason);
  for (std::size_t i = 0; i < outputs().size(); ++i)
    if (out[i].ndim > WEFT_MAX_DIMS || out[i].dtype > WEFT_DTYPE_FLOAT64)
      state_->fail(Exit::plugin,
                   concat("infer wrote nonsense for output \"", outputs()[i].name, "\""));
}

/// Whose fault it is that a call failed: of what the data holds, of the recipe, of the machine, or
/// of the part.
static Exit exit_of_call(weft_status status) {
  switch (status) {
    case WEFT_INDEX: return Exit::bad_data;
    case WEFT_INVALID: return Exit::bad_recipe;
    case WEFT_NO_MEMORY: return Exit::no_resources;
    default: return Exit::plugin;
  }
}

void Instance::call(weft_call& call) const {
  if (call.in == nullptr) call.in = no_tensors;
  if (call.in_count == nullptr) call.in_count = k_no_counts;
  if (call.out == nullptr) call.out = no_tensors;
  const Outcome outcome =
      attempt(state_->at("call"), [&] { return state_->component->call(state_->self, &call); });
  if (outcome.status != WEFT_OK) {
    state_->fail(state_->context.was_late ? Exit::plugin : exit_of_call(outcome.status),
                 outcome.reason);
  }
  state_->check_outputs(call);
}

bool Instance::can_migrate() const {
  return WEFT_HAS(state_->component, migrate) && state_->component->migrate != nullptr;
}

void Instance::migrate(std::uint32_t from, weft_migration saved) const {
  const Outcome outcome = attempt(
      state_->at("migrate"), [&] { return state_->component->migrate(state_->self, from, saved); });
  if (outcome.status != WEFT_OK)
    state_->fail(Exit::plugin, concat("while migrating state ", from, ": ", outcome.reason));
}

const void* Instance::extension(const char* id) const {
  if (state_->component->get_extension == nullptr) return nullptr;
  const void* table = nullptr;
  const Outcome outcome = attempt(state_->at("get_extension"), [&] {
    table = state_->component->get_extension(state_->self, id);
    return WEFT_OK;
  });
  if (outcome.status != WEFT_OK) state_->fail(Exit::plugin, outcome.reason);
  return table;
}

}  // namespace weft::host
