// SPDX-License-Identifier: Apache-2.0
#include "host/graph/expand.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

#include "host/recipe/findings.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/variables.hpp"

namespace weft::host {
namespace {

Value parsed(const std::string& text) {
  Findings findings;
  auto value = parse_json(text, std::make_shared<const std::string>("resolved"), findings);
  assert(value && "the host wrote it");
  return std::move(*value);
}

/// The wire as a recipe names it; "" for what the recipe did not wire.
std::string wire_text(const InputSource& source, const std::vector<Node>& nodes) {
  switch (source.from) {
    case InputSource::From::batch: return "batch." + source.field;
    case InputSource::From::node: {
      const Node& producer = nodes[source.node];
      return (source.view.empty() ? "" : source.view + ":") + producer.owner + "." +
             producer.instance.outputs()[source.port].name;
    }
    case InputSource::From::generated:
      if (source.field == "mask") return "";
      return (source.view.empty() ? "" : source.view + ":") + nodes[source.node].owner +
             (source.field.empty() ? ".generated" : ".text");
    case InputSource::From::gradient: return "grad." + source.field;
    default: return "";
  }
}

Value wires_of(const Node& node, const std::vector<Node>& nodes) {
  Value in{Value::Object{}, {}};
  for (std::size_t port = 0; port < node.inputs.size(); ++port) {
    Value wires{Value::List{}, {}};
    for (const InputSource& source : node.inputs[port])
      wires.list()->push_back({wire_text(source, nodes), {}});
    const bool follows =
        std::ranges::any_of(wires.items(), [](const Value& wire) { return wire.text()->empty(); });
    if (wires.items().empty() || follows) continue;
    const Port& declared = node.instance.inputs()[port];
    in.set(declared.name, declared.list ? std::move(wires) : std::move(wires.list()->front()));
  }
  return in;
}

}  // namespace

Value expanded(const Recipe& recipe, const Wiring& wiring) {
  Value root = parsed(recipe.resolved);
  for (const Node& node : wiring.nodes()) {
    if (node.is_viewed()) continue;
    const std::vector<std::string> keys = segments(node.pointer);
    Value* section = root.find(keys[0]);
    Value* entry = section == nullptr ? nullptr : section->find(keys[1]);
    if (entry == nullptr) continue;
    entry->set("in", wires_of(node, wiring.nodes()));
    Value config = parsed(node.config);
    escape_variables(config);
    entry->set("config", std::move(config));
  }
  root.erase("defaults");
  return root;
}

}  // namespace weft::host
