// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/plan.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "host/recipe/format_1.hpp"
#include "host/recipe/meaning.hpp"
#include "host/recipe/reader.hpp"
#include "host/recipe/variables.hpp"

namespace weft::host {
namespace {

Wire read_wire(const Value& value, const std::string& pointer) {
  WireText text = split_wire(*value.text());
  return {std::move(text.node), std::move(text.port), place_at(value.origin, pointer),
          std::move(text.view)};
}

NodePlan read_node(const Member& member, const std::string& pointer, const Problems& problems) {
  NodePlan plan{member.key,
                Reader(member.value).text("use"),
                {},
                compact(section(member.value, "config")),
                place_at(member.value.origin, pointer)};
  for (const Member& key : section(member.value, "config").members())
    if (key.value.left_over) plan.left_over.insert(key.key);
  const auto read_port = [&](const std::string& port, const Value& value,
                             const std::string& place) {
    std::vector<Wire>& wires = plan.in[port];
    if (problems.is_wrong(place)) return;  // wired, and nobody knows to what
    if (value.text()) wires.push_back(read_wire(value, place));
    for (std::size_t i = 0; i < value.items().size(); ++i)
      wires.push_back(read_wire(value.items()[i], child(place, i)));
  };
  const Value& in = section(member.value, "in");
  const std::string place = child(pointer, "in");
  if (in.text() != nullptr || in.list() != nullptr) read_port("", in, place);
  for (const Member& port : in.members()) read_port(port.key, port.value, child(place, port.key));
  return plan;
}

/// True if something is wrong with the node that is no matter of a single wire.
bool is_unusable(const Member& node, const std::string& pointer, const Problems& problems) {
  if (problems.is_wrong_at(pointer) || problems.is_wrong_at(child(pointer, "in"))) return true;
  return std::ranges::any_of(node.value.members(), [&](const Member& member) {
    return member.key != "in" && problems.is_wrong(child(pointer, member.key));
  });
}

/// Nodes that cannot be made are left out.
std::vector<NodePlan> read_nodes(const Value& root, const char* key, const Problems& problems) {
  std::vector<NodePlan> plans;
  for (const Member& member : section(root, key).members()) {
    const std::string pointer = child(child("", key), member.key);
    if (!is_unusable(member, pointer, problems))
      plans.push_back(read_node(member, pointer, problems));
  }
  return plans;
}

/// Takes out a field and "image" of those that follow it.
void erase_field(Value& fields, const std::string& name) {
  fields.erase(name);
  for (Member& field : *fields.object()) {
    const Value* image = field.value.find("image");
    if (image != nullptr && image->text() != nullptr && *image->text() == name)
      field.value.erase("image");
  }
}

/// Fields with problems are left out, and sections where anything else is wrong.
std::vector<DataPlan> read_data(const Value& root, const Problems& problems) {
  std::vector<DataPlan> plans;
  for (const Member& member : section(root, "data").members()) {
    const std::string pointer = child("/data", member.key);
    const std::string fields = child(pointer, "fields");
    if (problems.is_wrong_at(pointer) || problems.is_wrong_at(fields)) continue;
    Value usable = member.value;
    for (const std::string& key : keys(member.value))
      if (key != "fields" && problems.is_wrong(child(pointer, key))) usable.erase("fields");
    if (usable.find("fields") == nullptr) continue;
    for (const std::string& field : keys(section(member.value, "fields")))
      if (problems.is_wrong(child(fields, field))) erase_field(*usable.find("fields"), field);
    plans.push_back({member.key, compact(usable), place_at(member.value.origin, pointer)});
  }
  return plans;
}

BindPlan read_bind(const Member& member, const std::string& pointer) {
  const WireText to = split_wire(member.key);
  BindPlan bind{to.node, to.port, {}, false, false, place_at(member.value.origin, pointer)};
  const Value& value = member.value;
  if (value.boolean() != nullptr) {
    bind.is_absent = true;
    bind.port = bind.port.substr(0, bind.port.rfind('_'));  // FIELD_present
  }
  if (value.text() != nullptr) bind.wires.push_back(read_wire(value, pointer));
  for (std::size_t i = 0; i < value.items().size(); ++i)
    bind.wires.push_back(read_wire(value.items()[i], child(pointer, i)));
  if (const Value* shuffled = value.find("shuffled")) {
    bind.is_shuffled = true;
    bind.wires.push_back(read_wire(*shuffled, child(pointer, "shuffled")));
  }
  return bind;
}

/// Views with problems are left out, and then those that are of them.
std::vector<ViewPlan> read_views(const Value& root, const Problems& problems) {
  std::vector<ViewPlan> views;
  for (const Member& member : section(root, "views").members()) {
    const std::string pointer = child("/views", member.key);
    if (problems.is_wrong(pointer)) continue;
    const Reader view(member.value);
    const Value& weights = section(member.value, "weights");
    ViewPlan plan;
    plan.name = member.key;
    plan.of = view.text("of");
    plan.is_frozen = weights.find("frozen") != nullptr;
    plan.ema = Reader(weights).number("ema");
    plan.run = view.text("run");
    plan.repeat = std::max<std::int64_t>(view.integer("repeat"), 1);
    plan.place = place_at(member.value.origin, pointer);
    for (const Member& bind : section(member.value, "bind").members())
      plan.bind.push_back(read_bind(bind, child(child(pointer, "bind"), bind.key)));
    views.push_back(std::move(plan));
  }
  const auto lacks_its_base = [&](const ViewPlan& view) {
    return !view.of.empty() && std::ranges::find(views, view.of, &ViewPlan::name) == views.end();
  };
  while (std::ranges::any_of(views, lacks_its_base)) {
    std::vector<ViewPlan> whole;
    std::ranges::copy_if(views, std::back_inserter(whole), std::not_fn(lacks_its_base));
    views = std::move(whole);
  }
  return views;
}

std::vector<TiePlan> read_ties(const Value& root, const Problems& problems) {
  std::vector<TiePlan> ties;
  for (const Member& tie : section(root, "tie").members())
    if (const std::string pointer = child("/tie", tie.key);
        tie.value.text() != nullptr && !problems.is_wrong(pointer))
      ties.push_back({tie.key, *tie.value.text(), place_at(tie.value.origin, pointer)});
  return ties;
}

ConstraintPlan read_constraint(const Value& value) {
  using Kind = ConstraintPlan::Kind;
  for (const Kind kind : {Kind::regex, Kind::json_schema, Kind::grammar, Kind::choices}) {
    const Value* given = value.find(name_of(kind));
    if (given == nullptr) continue;
    if (kind == Kind::choices) return {kind, "", Reader(value).texts(name_of(kind))};
    return {kind, given->text() != nullptr ? *given->text() : compact(*given), {}};
  }
  return {};
}

GenerationPlan read_generation(const Value& value, const std::string& pointer) {
  const Reader entry(value);
  GenerationPlan plan;
  plan.node = entry.text("node");
  plan.strategy = entry.text("strategy");
  plan.max_length = entry.integer("max_length");
  plan.min_length = entry.integer("min_length");
  plan.num_beams = entry.integer("num_beams");
  plan.length_penalty = entry.number("length_penalty");
  plan.temperature = entry.number("temperature");
  plan.top_k = entry.integer("top_k");
  plan.top_p = entry.number("top_p");
  plan.min_p = entry.number("min_p");
  plan.repetition_penalty = entry.number("repetition_penalty");
  plan.no_repeat_ngram_size = entry.integer("no_repeat_ngram_size");
  plan.num_return_sequences = entry.integer("num_return_sequences");
  plan.best_of = entry.integer("best_of");
  plan.stop = entry.texts("stop");
  plan.seed = static_cast<std::uint64_t>(entry.integer("seed"));
  plan.constrain = read_constraint(section(value, "constrain"));
  plan.use_cache = entry.flag("use_cache");
  const Reader draft(section(value, "draft"));
  plan.draft = {draft.text("node"), draft.integer("tokens")};
  const WireText logits = split_wire(entry.text("logits"));
  const bool is_wire = !logits.node.empty() && logits.view.empty();
  plan.logits = {is_wire ? logits.node : entry.text("logits"), logits.port};
  plan.place = place_at(value.origin, pointer);
  return plan;
}

/// One entry, or a list of them.
std::vector<GenerationPlan> read_generations(const Value& value) {
  if (value.object() != nullptr) return {read_generation(value, "/evaluate/generate")};
  std::vector<GenerationPlan> plans;
  for (std::size_t i = 0; i < value.items().size(); ++i)
    plans.push_back(read_generation(value.items()[i], child("/evaluate/generate", i)));
  return plans;
}

EvaluationPlan read_evaluation(const Value& root) {
  EvaluationPlan plan;
  const Value* value = root.find("evaluate");
  if (value == nullptr) return plan;
  const Reader evaluate(*value);
  plan.data = evaluate.text("data");
  plan.split = evaluate.text("split");
  plan.batch_size = evaluate.integer("batch_size");
  plan.metrics = evaluate.texts("metrics");
  plan.group_by = evaluate.text("group_by");
  plan.generate = read_generations(section(*value, "generate"));
  plan.drawings = Reader(section(*value, "interval")).integer("bootstrap");
  plan.place = place_at(value->origin, "/evaluate");
  return plan;
}

/// The editor's "$schema" is left out: it is relative to the folder of the original.
std::string resolved_text(Value root) {
  root.erase("$schema");
  escape_variables(root);
  return pretty(root);
}

}  // namespace

Recipe make_recipe(const std::string& path, const Value& root, const Problems& problems) {
  const Reader reader(root);
  Recipe recipe;
  recipe.path = path;
  recipe.name = reader.text("name");
  recipe.seed = static_cast<std::uint64_t>(reader.integer("seed"));
  recipe.threads = static_cast<int>(std::min<std::int64_t>(reader.integer("threads"), 4096));
  const Value& defaults = section(section(root, "defaults"), "config");
  if (defaults.object() != nullptr) recipe.defaults = compact(defaults);
  recipe.data = read_data(root, problems);
  recipe.graph = read_nodes(root, "graph", problems);
  recipe.losses = read_nodes(root, "losses", problems);
  recipe.metrics = read_nodes(root, "metrics", problems);
  recipe.views = read_views(root, problems);
  recipe.ties = read_ties(root, problems);
  const Value& stages = section(root, "stages");
  for (std::size_t i = 0; i < stages.items().size(); ++i)
    recipe.stages.push_back(read_stage(stages.items()[i], child("/stages", i)));
  recipe.evaluate = read_evaluation(root);
  recipe.problems = problems;
  if (problems.empty()) recipe.resolved = resolved_text(root);
  recipe.places = places(root);
  recipe.key_places = key_places(root);
  return recipe;
}

}  // namespace weft::host
