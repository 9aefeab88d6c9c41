// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/meaning.hpp"

namespace weft::host {
namespace {

constexpr const char* k_batch = "batch";
constexpr const char* k_gradient = "grad";  // unless a node is called so

/// Calls `visit(wire, pointer)` for every string below a node's "in".
template <class Visit>
void for_each_wire(const Value& node, const std::string& pointer, const Visit& visit) {
  const auto visit_port = [&](const Value& wires, const std::string& place) {
    if (wires.text()) visit(wires, place);
    for (std::size_t i = 0; i < wires.items().size(); ++i)
      if (wires.items()[i].text()) visit(wires.items()[i], child(place, i));
  };
  const std::string place = child(pointer, "in");
  const Value& in = section(node, "in");
  if (in.object() == nullptr) visit_port(in, place);
  for (const Member& port : in.members()) visit_port(port.value, child(place, port.key));
}

class WireCheck {
 public:
  WireCheck(const Value& recipe, Findings& findings) : recipe_(recipe), findings_(findings) {
    sources_ = keys(section(recipe, "graph"));
    sources_.push_back(k_batch);
    known_ = {sources_.begin(), sources_.end()};
  }

  void check(const char* section_name) {
    for (const Member& node : section(recipe_, section_name).members())
      for_each_wire(node.value, child(child("", section_name), node.key),
                    [&](const Value& wire, const std::string& place) { check_wire(wire, place); });
  }

 private:
  void check_wire(const Value& wire, const std::string& pointer) {
    const WireText text = split_wire(*wire.text());
    if (text.node.empty() || (text.node == k_batch && text.port.empty()))
      return findings_.add(wire.origin, pointer,
                           concat("expected a wire such as \"batch.image\" or \"vision.tokens\", "
                                  "found ",
                                  found(wire), "."));
    if (!text.view.empty()) {
      const std::string wrong = wrong_view(recipe_, text.view);
      if (!wrong.empty()) return findings_.add(wire.origin, pointer, wrong);
      if (text.node == k_batch)
        return findings_.add(wire.origin, pointer,
                             concat("\"batch\" is not seen through a view. Wire \"batch.",
                                    text.port, "\", or the view's node that reads it."));
      if (is_of_run(recipe_, text.view)) return;  // its nodes are known when its run is read
    }
    if (known_.contains(text.node)) return;
    if (text.node == k_gradient && pointer.starts_with("/graph/"))
      return check_gradient(wire, text, pointer);
    if (findings_.all().is_full()) return findings_.add(wire.origin, pointer, "");
    for (const auto& [name, what] : {std::pair("losses", "loss"), std::pair("metrics", "metric")})
      if (section(recipe_, name).find(text.node))
        return findings_.add(wire.origin, pointer,
                             concat("\"", text.node, "\" is a ", what,
                                    ". Wires come from graph nodes and the batch only."));
    findings_.add(
        wire.origin, pointer,
        concat("no graph node is called \"", text.node, "\".", suggestion(text.node, sources_)));
  }

  void check_gradient(const Value& wire, const WireText& text, const std::string& pointer) {
    if (text.port == "loss" || text.port == "gram") return;
    findings_.add(
        wire.origin, pointer,
        concat("of gradients there are \"grad.loss\" and \"grad.gram\", found ", found(wire), "."));
  }

  const Value& recipe_;
  Findings& findings_;
  std::vector<std::string> sources_;
  std::unordered_set<std::string> known_;  // the same
};

/// For each graph node those that it is wired from.
std::map<std::string, std::vector<std::string>> producers_of(const Value& graph) {
  std::map<std::string, std::vector<std::string>> producers;
  for (const Member& node : graph.members()) {
    std::vector<std::string>& list = producers[node.key];
    for_each_wire(node.value, "", [&](const Value& wire, const std::string&) {
      const WireText text = split_wire(*wire.text());
      if (text.view.empty() && graph.find(text.node)) list.push_back(text.node);
    });
  }
  return producers;
}

/// Takes away nodes whose producers are all gone, until none is left or the rest waits for itself.
void remove_computable(std::map<std::string, std::vector<std::string>>& producers) {
  for (bool progress = true; progress;) {
    progress =
        std::erase_if(producers, [&](const auto& node) {
          return std::none_of(node.second.begin(), node.second.end(),
                              [&](const std::string& name) { return producers.contains(name); });
        }) > 0;
  }
}

void check_cycle(const Value& graph, Findings& findings) {
  auto producers = producers_of(graph);
  remove_computable(producers);
  if (producers.empty()) return;
  // Going from producer to producer must come round: every node left has one that is left too.
  std::vector<std::string> path = {producers.begin()->first};
  while (true) {
    const auto& from = producers[path.back()];
    const auto next = std::find_if(from.begin(), from.end(), [&](const std::string& name) {
      return producers.contains(name);
    });
    const auto met = std::find(path.begin(), path.end(), *next);
    if (met == path.end()) {
      path.push_back(*next);
      continue;
    }
    path.erase(path.begin(), met);
    break;
  }
  std::reverse(path.begin(), path.end());  // from producer to consumer
  std::string text = "the graph has a cycle: ";
  for (const std::string& name : path) text += name + " -> ";
  findings.add(graph.find(path.front())->origin, child("/graph", path.front()),
               text + path.front() + ". Remove one of these wires.");
}

}  // namespace

WireText split_wire(const std::string& text) {
  if (const std::size_t colon = text.find(':'); colon != std::string::npos) {
    WireText seen = split_wire(text.substr(colon + 1));
    if (colon == 0 || seen.node.empty() || !seen.view.empty()) return {};
    seen.view = text.substr(0, colon);
    return seen;
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string::npos) return {text, ""};
  if (dot == 0 || dot + 1 == text.size() || text.find('.', dot + 1) != std::string::npos) return {};
  return {text.substr(0, dot), text.substr(dot + 1)};
}

void check_wires(const Value& recipe, Findings& findings) {
  if (section(recipe, "graph").object() == nullptr) return;
  WireCheck check(recipe, findings);
  for (const char* name : {"graph", "losses", "metrics"}) check.check(name);
  check_cycle(section(recipe, "graph"), findings);
}

}  // namespace weft::host
