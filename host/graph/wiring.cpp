// SPDX-License-Identifier: Apache-2.0
#include "host/graph/wiring.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/constraint/constraint.hpp"
#include "host/graph/declared_fields.hpp"
#include "host/graph/id_check.hpp"
#include "host/graph/made_fields.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/notes.hpp"
#include "host/graph/part_graph.hpp"
#include "host/graph/row_score_check.hpp"
#include "host/graph/section_wires.hpp"
#include "host/graph/shape_check.hpp"
#include "host/graph/stages.hpp"
#include "host/graph/steering_check.hpp"
#include "host/graph/viewed_parts.hpp"
#include "host/graph/views.hpp"

namespace weft::host {
namespace {

/// Whether rows of what other nodes make change places on the way to this one.
bool shuffles_nodes(const Node& node) {
  return std::ranges::any_of(node.inputs, [](const std::vector<InputSource>& port) {
    return std::ranges::any_of(port, [](const InputSource& one) { return one.shuffles > 0; });
  });
}

/// Builds a Wiring's nodes and collects what is wrong.
class Builder {
 public:
  Builder(const Recipe& recipe, const Registry& registry, const FieldsByData& data)
      : recipe_(recipe),
        data_(data),
        problems_(recipe.problems),
        parts_(recipe, registry, data, report_),
        maker_({recipe, registry, data, report_,
                [this](Problem problem) { problems_.add(std::move(problem)); },
                [this](const std::string& view) { return parts_.graph_of(view, maker_.graph); },
                recipe.evaluate.generate}) {
    for (const Problem& note : recipe.notes) notes.add(note);
  }

  void create() {
    maker_.create(recipe_.graph, "graph");
    maker_.create(recipe_.losses, "losses");
    maker_.create(recipe_.metrics, "metrics");
  }

  void connect() {
    if (problems_.empty() && !recipe_.is_changed) maker_.require_defaults_taken();
    maker_.connect();
    ties = checked_ties(recipe_, maker_.graph, report_);
  }

  /// The graph with what views make of it, as far as anything names it.
  void see_views() {
    const std::vector<SeenView> views = parts_.seen(maker_);
    ViewedGraph viewed(maker_.graph, views, declared_fields(recipe_), report_);
    const auto add = [&](const std::string& name, const std::string& pointer) {
      if (name.find(':') != std::string::npos) viewed.add_target(name, pointer);
    };
    for (const StagePlan& stage : recipe_.stages) {
      for (const auto& [loss, weight] : stage.losses)
        add(loss, child(stage.place.pointer + "/losses", loss));
      for (std::size_t i = 0; i < stage.metrics.size(); ++i)
        add(stage.metrics[i], child(stage.place.pointer + "/metrics", i));
      for (const auto& [pointer, node] : row_score_nodes(stage)) add(node, pointer);
    }
    for (std::size_t i = 0; i < recipe_.evaluate.metrics.size(); ++i)
      add(recipe_.evaluate.metrics[i], child("/evaluate/metrics", i));
    for (const GenerationPlan& entry : recipe_.evaluate.generate)
      add(entry.draft.node, child(child(entry.place.pointer, "draft"), "node"));
    if (problems_.empty()) viewed.tell_unused(/*binds_are_problems=*/!recipe_.is_changed);
    nodes = std::move(viewed.nodes);
    by_name = std::move(viewed.by_name);
    weights = std::move(viewed.weights);
    for (WeightSet& set : weights)
      set.ties = set.kind == WeightSet::Kind::run ? parts_.ties_of(set.run) : ties;
    require_fields();
    const bool reorders = std::ranges::any_of(nodes, shuffles_nodes);
    for (auto& [data_name, fields] : fields_) {
      std::set<std::string> read = fields_of(nodes);
      for (const FieldSpec& field : fields)  // of what is made of them, in another order
        if (reorders && !field.present.empty())
          read.insert(concat(k_shuffled_field, field.present));
      fields = with_made_fields(std::move(fields), read);
    }
  }

  /// Adds to every section's wires what follows by itself.
  void connect_sections() {
    for (const auto& [data_name, fields] : fields_)
      sections_.emplace(data_name, section_wires(nodes, data_name, fields));
  }

  /// What the section's wires gave to say about nodes that run.
  void tell_remarks(const std::string& data_name, const std::vector<std::size_t>& order) {
    for (const SectionRemark& remark : sections_.at(data_name).remarks)
      if (std::ranges::find(order, remark.node) != order.end())
        notes.add(recipe_.locate(remark.pointer, remark.text));
  }

  void check_generation() {
    for (const GenerationPlan& entry : recipe_.evaluate.generate) {
      if (const auto text = constraint_problem(entry.constrain))
        problem(child(child(entry.place.pointer, "constrain"), name_of(entry.constrain.kind)),
                *text);
      const auto found = by_name.find(entry.node);
      if (found == by_name.end()) continue;
      const Instance& decoder = nodes[found->second].instance;
      if (decoder.extension(WEFT_AUTOREGRESSIVE) == nullptr)
        problem(
            child(entry.place.pointer, "node"),
            concat("\"", entry.node, "\" (", decoder.part().id, ") cannot generate: it offers no ",
                   WEFT_AUTOREGRESSIVE, ". Name an autoregressive decoder."));
      else if (const auto draft = by_name.find(entry.draft.node); draft != by_name.end())
        check_draft(entry, nodes[draft->second].instance, decoder);
      check_steering(entry, nodes, by_name, report_);
    }
  }

  /// A draft can write, and means the same texts by the same tokens.
  void check_draft(const GenerationPlan& entry, const Instance& draft, const Instance& decoder) {
    const std::string pointer = child(child(entry.place.pointer, "draft"), "node");
    const auto* own =
        static_cast<const weft_autoregressive*>(decoder.extension(WEFT_AUTOREGRESSIVE));
    const auto* other =
        static_cast<const weft_autoregressive*>(draft.extension(WEFT_AUTOREGRESSIVE));
    if (other == nullptr)
      return problem(pointer, concat("\"", entry.draft.node, "\" (", draft.part().id,
                                     ") cannot generate: it offers no ", WEFT_AUTOREGRESSIVE,
                                     ". Name an autoregressive decoder."));
    const auto ids = [](const weft_autoregressive& rules) {
      return concat("begin ", rules.begin_id, ", end ", rules.end_id, ", pad ", rules.pad_id);
    };
    if (ids(*own) != ids(*other))
      problem(pointer, concat("expected the ids of \"", entry.node, "\", ", ids(*own), ", found ",
                              ids(*other), ". A draft writes the same tokens."));
  }

  void check_stages() {
    host::check_stages(
        recipe_, nodes, by_name, ties, missing_parts(recipe_, by_name),
        [&](const std::string& pointer, const std::string& text) { problem(pointer, text); });
  }

  /// Of a graph with gaps they would be wrong.
  void take_notes() {
    if (!problems_.empty()) return;
    WiresByData wires;
    for (const auto& [data_name, section] : sections_) wires[data_name] = section.inputs;
    note_stages(recipe_, nodes, by_name, report_);
    note_unused(recipe_, nodes, by_name, wires, report_);
    note_uncached(recipe_, nodes, by_name, report_);
  }

  void check_memory() {
    for (const Problem& found : memory_problems(recipe_, nodes, data_, k_any_memory))
      problem(found.pointer, found.text);
  }

  void finish() const { problems_.require_none(recipe_.path); }

  const std::vector<PortWires>& wires(const std::string& data_name) const {
    return sections_.at(data_name).inputs;
  }

  std::map<std::string, std::vector<PortWires>> take_inputs() {
    std::map<std::string, std::vector<PortWires>> inputs;
    for (auto& [data_name, section] : sections_) inputs[data_name] = std::move(section.inputs);
    return inputs;
  }

  const Report& report() const { return report_; }

  const FieldsByData& fields() const { return fields_; }

  std::vector<Node> nodes;
  std::map<std::string, std::size_t> by_name;
  std::vector<WeightSet> weights;
  std::map<std::string, std::string> ties;
  Problems notes;

 private:
  void problem(const std::string& pointer, const std::string& text) {
    // What was wrong before is not also wrong in another way.
    if (!recipe_.problems.is_wrong_at(pointer)) problems_.add(recipe_.locate(pointer, text));
  }

  /// A run's nodes may read fields that this recipe does not have.
  void require_fields() {
    std::set<std::string> told;
    for (const Node& node : nodes)
      for (const std::string& name : fields_of({node})) {
        const std::string field = base_field(name);
        const bool is_known = std::ranges::any_of(data_, [&](const auto& section) {
          return std::ranges::find(section.second, field, &FieldSpec::name) != section.second.end();
        });
        if (!is_known && node.is_viewed() && told.insert(field).second)
          problem(node.pointer, concat("\"", node.name, "\" reads \"batch.", field,
                                       "\", which no data of this recipe has. Bind it: {\"batch.",
                                       field, "\": \"batch.…\"}."));
      }
  }

  const Recipe& recipe_;
  const FieldsByData& data_;
  FieldsByData fields_ = data_;  // with those that views make
  std::map<std::string, SectionWires> sections_;
  Problems problems_;
  const Report report_{
      [this](const std::string& pointer, const std::string& text) { problem(pointer, text); },
      [this](const std::string& pointer, const std::string& text) {
        notes.add(recipe_.locate(pointer, text));
      }};
  const ViewedParts parts_;
  GraphMaker maker_;
};

}  // namespace

Wiring::Wiring(const Recipe& recipe, const Registry& registry, const FieldsByData& data) {
  Builder builder(recipe, registry, data);
  builder.create();
  builder.connect();
  builder.see_views();
  builder.connect_sections();
  builder.check_generation();
  builder.check_stages();
  builder.check_memory();
  ShapeCheck shapes(recipe, builder.nodes, builder.fields(), builder.report());
  for (const auto& [data_name, batch, targets] : runs_of(recipe, data, builder.by_name)) {
    const std::vector<std::size_t> order = needed_nodes(builder.nodes, targets);
    builder.tell_remarks(data_name, order);
    shapes.check(data_name, batch, order, builder.wires(data_name));
  }
  builder.take_notes();
  builder.finish();
  inputs_ = builder.take_inputs();
  notes_ = builder.notes.list();
  nodes_ = std::move(builder.nodes);
  by_name_ = std::move(builder.by_name);
  weights_ = std::move(builder.weights);
}

std::vector<std::size_t> Wiring::needed(const std::vector<std::size_t>& targets) const {
  return needed_nodes(nodes_, targets);
}

}  // namespace weft::host
