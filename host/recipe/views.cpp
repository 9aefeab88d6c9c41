// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/meaning.hpp"

namespace weft::host {
namespace {

constexpr const char* k_batch = "batch";
constexpr const char* k_this = "this";
constexpr std::size_t k_max_layers = 16;  ///< of a view, the graph not counted
constexpr std::string_view k_present = "_present";

const std::string* text_of(const Value& object, const char* key) {
  return section(object, key).text();
}

/// Calls `visit(view)` for a view and all that it is of; each once, so that a circle ends.
template <class Visit>
void for_each_layer(const Value& recipe, const std::string& name, const Visit& visit) {
  const Value& views = section(recipe, "views");
  std::vector<std::string> seen;
  for (std::string at = name; std::ranges::find(seen, at) == seen.end();) {
    const Value* view = views.find(at);
    if (view == nullptr) return;
    visit(*view);
    seen.push_back(at);
    const std::string* of = text_of(*view, "of");
    if (of == nullptr) return;
    at = *of;
  }
}

class ViewCheck {
 public:
  ViewCheck(const Value& recipe, Findings& findings) : recipe_(recipe), findings_(findings) {}

  void check(const std::string& name, const Value& view) {
    name_ = name;
    const std::string pointer = child("/views", name);
    check_name(name, view, pointer);
    check_of(view, child(pointer, "of"));
    check_weights(view, pointer);
    if (view.find("repeat") != nullptr && section(view, "bind").members().empty())
      add(*view.find("repeat"), child(pointer, "repeat"),
          "every pass would be the same: \"bind\" says what a pass takes from the one before. Add "
          "it, or remove \"repeat\".");
    for (const Member& bind : section(view, "bind").members())
      check_bind(bind, child(child(pointer, "bind"), bind.key));
  }

 private:
  void add(const Value& value, const std::string& pointer, const std::string& text) {
    findings_.add(value.origin, pointer, text);
  }

  void check_name(const std::string& name, const Value& view, const std::string& pointer) {
    if (!is_node_name(name))
      add(view, pointer,
          concat("\"", name,
                 "\" is no name. Use lower-case letters, digits and \"_\", a letter first, at most "
                 "100."));
    else if (name == k_batch || name == k_this)
      add(view, pointer,
          concat("the name \"", name, "\" stands for ",
                 name == k_this ? "the view in which a wire is bound" : "the data",
                 ". Choose another one."));
  }

  void check_of(const Value& view, const std::string& pointer) {
    const std::string* of = text_of(view, "of");
    if (of == nullptr) return;
    const std::string wrong = wrong_view(recipe_, *of);
    if (!wrong.empty()) return add(*view.find("of"), pointer, wrong);
    std::vector<std::string> path = {name_};
    while (of != nullptr && path.size() <= k_max_layers &&
           std::ranges::find(path, *of) == path.end()) {
      path.push_back(*of);
      of = text_of(section(section(recipe_, "views"), path.back().c_str()), "of");
    }
    if (path.size() > k_max_layers)
      return add(*view.find("of"), pointer,
                 concat("views are of one another more than ", k_max_layers,
                        " deep. Merge some of them."));
    if (of != nullptr && *of == name_) {
      path.push_back(name_);
      std::string text;
      for (const std::string& one : path) text += (text.empty() ? "" : " -> ") + one;
      add(*view.find("of"), pointer,
          concat("views are of one another in a circle: ", text, ". Remove one \"of\"."));
    }
  }

  void check_weights(const Value& view, const std::string& pointer) {
    const Value& weights = section(view, "weights");
    if (weights.object() != nullptr && weights.members().size() != 1)
      add(weights, child(pointer, "weights"),
          "expected one of {\"frozen\": \"begin\"} and {\"ema\": decay}. Leave weights out for "
          "those that train.");
    if (view.find("run") == nullptr && view.find("weights") == nullptr) return;
    int with_weights = 0, runs = 0;
    for_each_layer(recipe_, name_, [&](const Value& layer) {
      with_weights += layer.find("weights") != nullptr ? 1 : 0;
      runs += layer.find("run") != nullptr ? 1 : 0;
    });
    if (runs > 1)
      add(view, pointer, "this view and what it is of name two runs. Remove one \"run\".");
    if (runs > 0 && with_weights > 0)
      add(view, pointer,
          "another run's weights are as that run left them. Remove \"weights\" or \"run\".");
  }

  void check_bind(const Member& bind, const std::string& pointer) {
    const WireText to = split_wire(bind.key);
    if (to.node.empty() || to.port.empty() || !to.view.empty())
      return add(
          bind.value, pointer,
          concat("expected a field of the batch or an input port, such as \"batch.image\" or "
                 "\"fusion.tokens\", found \"",
                 bind.key, "\"."));
    if (to.node != k_batch && !is_of_run(recipe_, name_)) check_node(bind, to.node, pointer);
    const Value& value = bind.value;
    if (value.boolean() != nullptr) check_flag(bind, to, pointer);
    if (value.text() != nullptr) check_wire(value, pointer);
    const Value& shuffled = section(value, "shuffled");
    if (shuffled.text() != nullptr) check_wire(shuffled, child(pointer, "shuffled"));
    if (value.list() != nullptr && to.node == k_batch)
      add(value, pointer, "a field of the batch is bound to one wire.");
    for (std::size_t i = 0; i < value.items().size(); ++i)
      if (value.items()[i].text() != nullptr) check_wire(value.items()[i], child(pointer, i));
  }

  void check_node(const Member& bind, const std::string& node, const std::string& pointer) {
    std::vector<std::string> known;
    for (const char* name : {"graph", "losses", "metrics"})
      for (const std::string& key : keys(section(recipe_, name))) known.push_back(key);
    if (std::ranges::find(known, node) == known.end())
      add(bind.value, pointer,
          concat("no node is called \"", node, "\".", suggestion(node, known)));
  }

  void check_flag(const Member& bind, const WireText& to, const std::string& pointer) {
    if (to.node != k_batch || !to.port.ends_with(k_present) || to.port.size() == k_present.size())
      return add(bind.value, pointer,
                 concat("only a field's presence is bound to a flag: {\"batch.image_present\": "
                        "false}. Bind \"",
                        bind.key, "\" to a wire."));
    if (*bind.value.boolean())
      add(bind.value, pointer,
          "a sample that lacks a field cannot be made to have it. Bind it to false, or leave it "
          "out.");
  }

  void check_wire(const Value& wire, const std::string& pointer) {
    const WireText text = split_wire(*wire.text());
    if (text.node.empty() || (text.node == k_batch && text.port.empty()))
      return add(wire, pointer,
                 concat("expected a wire such as \"batch.image\", \"vision.tokens\" or "
                        "\"this:vision.tokens\", found ",
                        found(wire), "."));
    if (text.view == k_this && text.node == k_batch)
      return add(wire, pointer,
                 concat("the batch that a view sees is what is being bound. Wire \"batch.",
                        text.port, "\"."));
    if (!text.view.empty() && text.view != k_this) {
      const std::string wrong = wrong_view(recipe_, text.view);
      if (!wrong.empty()) return add(wire, pointer, wrong);
    }
    const bool unknown_here = is_of_run(recipe_, text.view == k_this ? name_ : text.view);
    const std::vector<std::string> nodes = keys(section(recipe_, "graph"));
    if (text.node == k_batch || unknown_here || std::ranges::find(nodes, text.node) != nodes.end())
      return;
    add(wire, pointer,
        concat("no graph node is called \"", text.node, "\".", suggestion(text.node, nodes)));
  }

  const Value& recipe_;
  Findings& findings_;
  std::string name_;
};

void check_tie(const Value& recipe, const Member& tie, Findings& findings) {
  const std::string pointer = child("/tie", tie.key);
  if (tie.value.text() == nullptr) return;
  const auto check = [&](const std::string& path) {
    const std::string node = path.substr(0, path.find('.'));
    std::vector<std::string> known;
    for (const char* name : {"graph", "losses", "metrics"})
      for (const std::string& key : keys(section(recipe, name))) known.push_back(key);
    if (node.size() == path.size())
      findings.add(tie.value.origin, pointer,
                   concat("expected a parameter such as \"answer.embedding.weight\", found \"",
                          path, "\"."));
    else if (std::ranges::find(known, node) == known.end())
      findings.add(tie.value.origin, pointer,
                   concat("no node is called \"", node, "\".", suggestion(node, known)));
  };
  check(tie.key);
  check(*tie.value.text());
  if (tie.key == *tie.value.text())
    return findings.add(tie.value.origin, pointer,
                        "a parameter is tied to another one, and this is the same. Remove it.");
  if (section(recipe, "tie").find(*tie.value.text()) != nullptr)
    findings.add(tie.value.origin, pointer,
                 concat("\"", *tie.value.text(),
                        "\" is tied to another parameter itself. Tie both to that one."));
}

}  // namespace

std::string wrong_view(const Value& recipe, const std::string& view) {
  const Value& views = section(recipe, "views");
  if (views.find(view) != nullptr) return "";
  if (view == k_this) return "\"this:\" names the nodes of a view, in its bind. Leave it out.";
  return concat("no view is called \"", view, "\".", suggestion(view, keys(views)));
}

bool is_of_run(const Value& recipe, const std::string& view) {
  bool runs = false;
  for_each_layer(recipe, view,
                 [&](const Value& layer) { runs = runs || layer.find("run") != nullptr; });
  return runs;
}

void check_views(const Value& recipe, Findings& findings) {
  ViewCheck check(recipe, findings);
  for (const Member& view : section(recipe, "views").members()) check.check(view.key, view.value);
  for (const Member& tie : section(recipe, "tie").members()) check_tie(recipe, tie, findings);
}

}  // namespace weft::host
