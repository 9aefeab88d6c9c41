// SPDX-License-Identifier: Apache-2.0
#include "host/graph/steering_check.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "host/base/text.hpp"
#include "host/graph/node_maker.hpp"

namespace weft::host {
namespace {

const weft_autoregressive* rules_of(const Node& node) {
  return static_cast<const weft_autoregressive*>(node.instance.extension(WEFT_AUTOREGRESSIVE));
}

/// The field of the batch at a decoder's tokens; empty where something else is there.
std::string field_of(const Node& decoder) {
  const std::vector<Port>& ports = decoder.instance.inputs();
  for (std::size_t port = 0; port < ports.size(); ++port)
    if (ports[port].name == rules_of(decoder)->tokens)
      for (const InputSource& source : decoder.inputs[port])
        if (source.from == InputSource::From::batch) return source.field;
  return "";
}

std::string ids_of(const weft_autoregressive& rules) {
  return concat("begin ", rules.begin_id, ", end ", rules.end_id, ", pad ", rules.pad_id);
}

class Walk {
 public:
  Walk(const std::vector<Node>& nodes, const Node& decoder)
      : nodes_(nodes), decoder_(decoder), field_(field_of(decoder)) {}

  std::vector<std::string> problems;
  std::set<std::string> decoders;  ///< that were met

  /// Whether an output follows from the text in the field.
  bool follows(std::size_t index, std::size_t port) {
    const Node& node = nodes_[index];
    if (rules_of(node) != nullptr && !field_.empty() && field_of(node) == field_) {
      at_decoder(node, port);
      return true;
    }
    bool any = false;
    for (const std::vector<InputSource>& wires : node.inputs)
      for (const InputSource& source : wires)
        if (source.from == InputSource::From::node && follows(source.node, source.port)) {
          any = true;
          if (source.shuffles > 0)
            note(concat("\"", node.name, "\" reads it of other rows. Leave \"shuffled\" out."));
        }
    if (any && (node.instance.part().kind != WEFT_KIND_FUNCTION ||
                (node.instance.traits() & WEFT_INCREMENTAL) == 0))
      note(concat("\"", node.name, "\" (", node.instance.part().id,
                  ") is no function that promises WEFT_INCREMENTAL, so it may look at other "
                  "positions than the last. Use function.contrast, or one that does."));
    return any;
  }

 private:
  void note(std::string text) {
    if (std::ranges::find(problems, text) == problems.end()) problems.push_back(std::move(text));
  }

  void at_decoder(const Node& node, std::size_t port) {
    decoders.insert(node.name);
    const std::string& output = node.instance.outputs()[port].name;
    if (output != rules_of(node)->logits)
      note(concat("expected \"", node.name, ".", rules_of(node)->logits, "\" behind it, found \"",
                  node.name, ".", output, "\"."));
    if (ids_of(*rules_of(node)) != ids_of(*rules_of(decoder_)))
      note(concat("expected the ids of \"", decoder_.name, "\", ", ids_of(*rules_of(decoder_)),
                  ", found ", ids_of(*rules_of(node)), " of \"", node.name, "\"."));
  }

  const std::vector<Node>& nodes_;
  const Node& decoder_;
  const std::string field_;
};

/// Metrics that let the decoder write in a view, where its logits are its own.
std::vector<std::string> readers_in_views(const std::vector<Node>& nodes, const Node& decoder) {
  std::vector<std::string> readers;
  for (const Node& node : nodes)
    for (const std::vector<InputSource>& wires : node.inputs)
      for (const InputSource& source : wires)
        if (source.from == InputSource::From::generated && nodes[source.node].is_viewed() &&
            nodes[source.node].owner == decoder.owner)
          readers.push_back(node.name);
  return readers;
}

}  // namespace

void check_steering(const GenerationPlan& entry, const std::vector<Node>& nodes,
                    const std::map<std::string, std::size_t>& by_name, const Report& report) {
  const std::string pointer = child(entry.place.pointer, "logits");
  const auto decoder = by_name.find(entry.node);
  if (entry.logits.node.empty() || decoder == by_name.end() ||
      rules_of(nodes[decoder->second]) == nullptr)
    return;
  const auto found = by_name.find(entry.logits.node);
  if (found == by_name.end() || nodes[found->second].is_viewed())
    return report.problem(pointer, concat("no graph node is called \"", entry.logits.node,
                                          "\". Name an output such as \"steered.out\"."));
  const Node& node = nodes[found->second];
  const auto port = entry.logits.port.empty() ? std::optional<std::size_t>{0}
                                              : output_port(node.instance, entry.logits.port);
  if (!port || node.instance.outputs().empty())
    return report.problem(
        pointer, concat("\"", node.name, "\" has no output port \"", entry.logits.port, "\"."));
  Walk walk(nodes, nodes[decoder->second]);
  walk.follows(found->second, *port);
  for (const std::string& text : walk.problems) report.problem(pointer, text);
  if (!walk.decoders.contains(entry.node))
    report.problem(pointer, concat("\"", node.name, "\" does not follow from the logits of \"",
                                   entry.node, "\". Wire \"", entry.node, ".",
                                   rules_of(nodes[decoder->second])->logits, "\" to it."));
  for (const std::string& metric : readers_in_views(nodes, nodes[decoder->second]))
    report.problem(pointer, concat("\"", metric, "\" lets \"", entry.node,
                                   "\" write in a view, where nothing steers it. Leave the metric "
                                   "or \"logits\" out."));
}

}  // namespace weft::host
