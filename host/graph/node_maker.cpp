// SPDX-License-Identifier: Apache-2.0
#include "host/graph/node_maker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/graph/declared_fields.hpp"
#include "host/graph/modulation_check.hpp"
#include "host/graph/shape.hpp"
#include "host/graph/token_ids.hpp"
#include "host/recipe/schema.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {
namespace {

using WireCounts = std::map<std::string, std::uint32_t>;

WireCounts counts_of(const NodePlan& plan) {
  WireCounts counts;
  for (const auto& [port, wires] : plan.in)
    if (!port.empty()) counts[port] = static_cast<std::uint32_t>(wires.size());
  return counts;
}

std::vector<std::string> demanded(const Instance& instance) {
  std::vector<std::string> names;
  for (const Port& port : instance.inputs())
    if (!port.optional) names.push_back(port.name);
  return names;
}

}  // namespace

std::optional<std::size_t> output_port(const Instance& producer, const std::string& name) {
  const std::vector<Port>& ports = producer.outputs();
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (name.empty() || ports[i].name == name) return i;
  return std::nullopt;
}

/// Ports that the part demands and nothing is wired to take the field F_PORT where another port
/// takes batch.F: "masked" of a loss on batch.picture takes batch.picture_masked.
bool NodeMaker::add_companions(NodePlan& plan, const Instance& instance) const {
  bool added = false;
  for (const Port& port : instance.inputs()) {
    if (port.optional || !port.mask_of.empty() || plan.in.contains(port.name)) continue;
    const std::map<std::string, std::vector<Wire>> wired = plan.in;
    for (const auto& [name, wires] : wired) {
      if (wires.size() != 1 || wires.front().node != "batch") continue;
      Wire companion = wires.front();
      companion.port += "_" + port.name;
      if (!has_field(companion.port) || plan.in.contains(port.name)) continue;
      plan.in[port.name] = {std::move(companion)};
      added = true;
    }
  }
  return added;
}

bool NodeMaker::has_field(const std::string& name) const {
  return std::ranges::any_of(data_, [&](const auto& section) {
    return std::ranges::find(section.second, name, &FieldSpec::name) != section.second.end();
  });
}

bool NodeMaker::reads_faulty_field(const NodePlan& plan) const {
  return std::ranges::any_of(plan.in, [&](const auto& port) {
    return std::ranges::any_of(port.second, [&](const Wire& wire) {
      return wire.node == "batch" && wire.view.empty() && !has_field(wire.port) &&
             is_perhaps_faulty(recipe_, data_, wire.port);
    });
  });
}

/// What a part refuses; but not where a wire's fault, which is told, explains it.
void NodeMaker::tell_not_made(const NodePlan& plan, const std::string& pointer,
                              const char* why) const {
  if (std::ranges::none_of(plan.in, [](const auto& port) { return port.second.empty(); }))
    report_.problem(pointer + "/config", why);
}

std::optional<MadeNode> NodeMaker::make(const NodePlan& given, const std::string& pointer,
                                        const Producer& producer) {
  const Part* part = find_part(given.use, pointer);
  if (part == nullptr) return std::nullopt;
  NodePlan plan = given;
  if (reads_faulty_field(plan)) {  // whose sizes it would follow
    configure(plan, *part, pointer, producer, /*tell=*/true);
    return std::nullopt;
  }
  if (!name_port(plan, *part, pointer, producer)) return std::nullopt;
  try {
    auto config = configure(plan, *part, pointer, producer, /*tell=*/true);
    if (!config) return std::nullopt;
    Instance instance(*part, plan.name, config->values, counts_of(plan));
    if (add_companions(plan, instance)) {  // a part may count its wires, and follow their sizes
      config = configure(plan, *part, pointer, producer, /*tell=*/false);
      if (!config) return std::nullopt;
      instance = Instance(*part, plan.name, config->values, counts_of(plan));
    }
    Node node{plan.name, pointer, std::move(instance), {}, config->values, config->origins};
    return MadeNode{std::move(node), std::move(plan)};
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_recipe) throw;
    tell_not_made(given, pointer, error.what());
    return std::nullopt;
  }
}

void NodeMaker::require_defaults_taken() const {
  const auto all = nlohmann::json::parse(recipe_.defaults, nullptr, /*allow_exceptions=*/false);
  if (!all.is_object()) return;
  for (const auto& [key, value] : all.items()) {
    if (taken_.contains(key)) continue;
    report_.problem(child("/defaults/config", key),
                    known_.contains(key)
                        ? "nothing takes this default: every part that knows the key has its own "
                          "value, or has it from a wire. Remove it."
                        : "no part of this recipe has such a key. Remove it.");
  }
}

const Part* NodeMaker::find_part(const std::string& use, const std::string& pointer) const {
  try {
    return &registry_.find(use);
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_recipe) throw;  // the plug-in's fault, not the recipe's
    report_.problem(pointer + "/use", error.what());
    return nullptr;
  }
}

/// Wires without a port go to the one input that the part demands. Which it is, the schema's
/// sizes say, or else an instance that is made to be asked.
bool NodeMaker::name_port(NodePlan& plan, const Part& part, const std::string& pointer,
                          const Producer& producer) {
  const auto unnamed = plan.in.find("");
  if (unnamed == plan.in.end()) return true;
  std::vector<Wire> wires = std::move(unnamed->second);
  plan.in.erase(unnamed);
  const std::string from_schema = port_of_sizes(part.config_schema);
  if (!from_schema.empty()) plan.in[from_schema] = wires;
  const auto config = configure(plan, part, pointer, producer, /*tell=*/false);
  if (!config) return false;
  std::vector<std::string> ports;
  try {
    const Instance asked(part, plan.name, config->values, counts_of(plan),
                         static_cast<std::uint32_t>(wires.size()));
    for (const std::string& port : demanded(asked)) {
      const bool is_companion = wires.size() == 1 && wires.front().node == "batch" &&
                                has_field(wires.front().port + "_" + port);
      if (!is_companion) ports.push_back(port);
    }
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_recipe) throw;
    if (!wires.empty()) tell_not_made(plan, pointer, error.what());
    return false;
  }
  if (ports.size() == 1) {
    plan.in.clear();
    plan.in[ports.front()] = std::move(wires);
    return true;
  }
  report_.problem(
      pointer + "/in",
      concat("a wire without a port is for a part that demands one input; ", part.id, " demands ",
             ports.empty() ? "none" : enumerate(ports), ". Write {\"port\": \"wire\"}."));
  return false;
}

std::optional<NodeConfig> NodeMaker::configure(const NodePlan& plan, const Part& part,
                                               const std::string& pointer, const Producer& producer,
                                               bool tell) {
  NodeConfig filled =
      fill_config(plan, part.config_schema, plan.in, recipe_,
                  [&](const std::vector<Wire>& wires) { return sizes_of(plan, wires, producer); });
  taken_.insert(filled.defaults.begin(), filled.defaults.end());
  known_.insert(filled.known_defaults.begin(), filled.known_defaults.end());
  if (tell && !filled.dropped.empty())
    report_.note(pointer + "/config",
                 concat(part.id, " has no ", enumerate(filled.dropped),
                        ", written for the part whose place it takes: dropped."));
  bool has_ids = true;
  const std::string config = pointer + "/config";
  const std::string given = with_token_ids(filled.values, part.config_schema, texts_of(plan),
                                           [&](const std::string& key, const std::string& text) {
                                             report_.problem(config, concat(key, ": ", text));
                                             has_ids = false;
                                           });
  const auto locate = [&](const std::string& at, PlaceOf of) {
    const std::vector<std::string> keys = segments(at.substr(std::min(at.size(), config.size())));
    const auto origin = keys.empty() ? filled.origins.end() : filled.origins.find(keys.front());
    if (origin != filled.origins.end()) return recipe_.locate(origin->second);
    return of == PlaceOf::key ? recipe_.locate_key(at) : recipe_.locate(at);
  };
  std::vector<Problem> wrong;
  filled.values = validate(part.config_schema, given, locate, config, wrong);
  const bool is_right = wrong.empty() && has_ids;
  for (Problem& one : wrong) add_(std::move(one));
  return is_right ? std::optional(std::move(filled)) : std::nullopt;
}

/// The ids of the texts that the recipe wires to a part, by data section.
std::map<std::string, SpecialIds> NodeMaker::texts_of(const NodePlan& plan) const {
  std::map<std::string, SpecialIds> texts;
  for (const auto& [port, wires] : plan.in)
    for (const Wire& wire : wires)
      for (const auto& [data_name, fields] : data_)
        for (const FieldSpec& field : fields)
          if (wire.node == "batch" && wire.port == field.name && field.special)
            texts.emplace(data_name, *field.special);
  return texts;
}

std::vector<WireSizes> NodeMaker::sizes_of(const NodePlan& plan, const std::vector<Wire>& wires,
                                           const Producer& producer) const {
  std::vector<WireSizes> known;
  for (const Wire& wire : wires) {
    for (const auto& [data_name, fields] : data_)
      for (const FieldSpec& field : fields)
        if (wire.node == "batch" && wire.port == field.name) {
          WireSizes one{{-1}, field.classes};
          one.sizes.insert(one.sizes.end(), field.sizes.begin(), field.sizes.end());
          known.push_back(std::move(one));
        }
    if (wire.node == k_gradient)
      if (const auto sizes = gradient_sizes(recipe_, plan.name, wire.port))
        known.push_back({*sizes, 0});
    const Instance* const from = wire.node == "batch" ? nullptr : producer(wire);
    const auto port = from == nullptr ? std::nullopt : output_port(*from, wire.port);
    if (!port) continue;
    const ShapePattern shape(from->outputs()[*port].shape);
    if (auto sizes = shape.resolve({from->sizes(), std::nullopt}))
      known.push_back({std::move(*sizes), 0});
  }
  return known;
}

}  // namespace weft::host
