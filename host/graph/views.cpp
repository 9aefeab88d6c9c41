// SPDX-License-Identifier: Apache-2.0
#include "host/graph/views.hpp"

#include <algorithm>
#include <charconv>

#include "host/base/text.hpp"
#include "host/graph/presence_ports.hpp"

namespace weft::host {
namespace {

using From = InputSource::From;

/// Nodes may depend on one another in chains of this length, all passes of views counted.
constexpr std::size_t k_longest_chain = 2000;
/// All views together may make so many nodes.
constexpr std::size_t k_most_nodes = 10'000;

std::string hex(std::uint64_t number) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; number >>= 4) text[i] = digits[number & 15];
  return text;
}

/// The rows of the wire in another order.
void shuffle(InputSource& source) {
  if (source.from == From::batch)
    source.field = concat(k_shuffled_field, source.field);
  else
    ++source.shuffles;
}

}  // namespace

std::string WeightSet::label() const {
  switch (kind) {
    case Kind::frozen: return "frozen";
    case Kind::ema: {
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof digits, decay).ptr;
      return "ema:" + std::string(digits, end);
    }
    case Kind::run: return "run:" + run;
    case Kind::live: break;
  }
  return "";
}

ViewedGraph::ViewedGraph(const PartGraph& plain, const std::vector<SeenView>& views,
                         std::set<std::string> own_fields, const Report& report)
    : plain_(plain), views_(views), own_fields_(std::move(own_fields)), report_(report) {
  for (std::size_t i = 0; i < plain_.nodes.size(); ++i)
    if (const auto index = resolve({}, i)) by_name[plain_.nodes[i].name] = *index;
}

void ViewedGraph::add_target(const std::string& name, const std::string& pointer) {
  const std::size_t colon = name.find(':');
  const World world = world_of(name.substr(0, colon));
  if (world.empty()) return;  // the view has its own problem
  const PartGraph& graph = graph_of(world);
  const std::string part = name.substr(colon + 1);
  const auto found = graph.by_name.find(part);
  if (found != graph.by_name.end()) {
    const std::uint32_t kind = graph.nodes[found->second].instance.part().kind;
    const auto stands_in = [&](const char* list) {
      return pointer.find(list) != std::string::npos;
    };
    const bool fits = stands_in("/losses/")    ? kind == WEFT_KIND_LOSS
                      : stands_in("/metrics/") ? kind == WEFT_KIND_METRIC
                                               : kind != WEFT_KIND_METRIC;
    if (!fits)
      return report_.problem(pointer, concat("\"", part, "\" of the run is no such part."));
    if (const auto index = resolve(world, found->second)) by_name[name] = *index;
    return;
  }
  if (&graph == &plain_) return;  // it has its own problem
  std::vector<std::string> known;
  for (const auto& [known_name, index] : graph.by_name) known.push_back(known_name);
  report_.problem(pointer, concat("the run that view \"", views_[world.front().view].plan->name,
                                  "\" is of has no \"", part, "\".", suggestion(part, known)));
}

ViewedGraph::World ViewedGraph::world_of(const std::string& view) const {
  World world;
  for (std::string name = view; !name.empty();) {
    const auto found =
        std::ranges::find_if(views_, [&](const SeenView& seen) { return seen.plan->name == name; });
    if (found == views_.end()) return {};
    if (!found->plan->run.empty() && found->run == nullptr) return {};  // cannot be used
    world.push_back({static_cast<std::size_t>(found - views_.begin()), found->plan->repeat});
    name = found->plan->of;
  }
  return world;
}

/// What the wires of a layer's binds are seen in.
ViewedGraph::World ViewedGraph::seen_by(const World& world, std::size_t layer) const {
  if (views_[world[layer].view].plan->repeat == 1)
    return {world.begin(), world.begin() + static_cast<std::ptrdiff_t>(layer)};
  World before = world;
  --before[layer].pass;
  return before;
}

bool ViewedGraph::is_bound(const World& world, std::size_t layer) const {
  return views_[world[layer].view].plan->repeat == 1 || world[layer].pass > 1;
}

const PartGraph& ViewedGraph::graph_of(const World& world) const {
  for (const Layer& layer : world)
    if (views_[layer.view].run != nullptr) return *views_[layer.view].run;
  return plain_;
}

std::size_t ViewedGraph::weights_of(const World& world) {
  for (const Layer& layer : world) {
    const ViewPlan& view = *views_[layer.view].plan;
    const bool has_any = view.is_frozen || view.ema > 0.0 || !view.run.empty();
    if (!has_any) continue;
    const auto [known, is_new] = weights_by_view_.try_emplace(layer.view, 0);
    if (is_new) known->second = add_weights(view);
    return known->second;
  }
  return 0;
}

/// Index of the view's weights, which other views may have too.
std::size_t ViewedGraph::add_weights(const ViewPlan& view) {
  WeightSet set;
  set.pointer = view.place.pointer;
  set.run = view.run;
  set.decay = view.ema;
  if (view.is_frozen) set.kind = WeightSet::Kind::frozen;
  if (view.ema > 0.0) set.kind = WeightSet::Kind::ema;
  if (!view.run.empty()) set.kind = WeightSet::Kind::run;
  const auto same = std::ranges::find_if(weights, [&](const WeightSet& other) {
    return other.kind == set.kind && other.decay == set.decay && other.run == set.run;
  });
  if (same != weights.end()) return static_cast<std::size_t>(same - weights.begin());
  weights.push_back(std::move(set));
  return weights.size() - 1;
}

/// How messages name the world: its view, with what is not the whole of it.
std::string ViewedGraph::label_of(const World& world) const {
  if (world.empty()) return "";
  const ViewPlan& view = *views_[world.front().view].plan;
  std::string label = view.name;
  if (world.front().pass < view.repeat) label += concat("#", world.front().pass);
  if (world.size() < world_of(view.name).size()) label += "'";
  return label;
}

/// The circle that comes back to this place is reported.
bool ViewedGraph::is_circle(const Place& place) {
  const auto begin = std::ranges::find(under_way_, place);
  if (begin == under_way_.end()) return false;
  std::string text, pointer;
  const auto name = [&](const Place& at) {
    const std::string label = label_of(at.first);
    return concat(label, label.empty() ? "" : ":", graph_of(at.first).nodes[at.second].name);
  };
  for (auto at = under_way_.rbegin(); at != std::make_reverse_iterator(begin); ++at) {
    text += name(*at) + " -> ";
    if (!at->first.empty()) pointer = views_[at->first.front().view].plan->place.pointer;
  }
  report_.problem(
      pointer.empty() ? plain_.nodes[place.second].pointer : pointer,
      concat("the view has a cycle: ", name(place), " -> ", text.substr(0, text.size() - 4),
             ". Bind one of these inputs to a wire of the graph, without \"this:\"."));
  return true;
}

std::optional<std::size_t> ViewedGraph::resolve(const World& world, std::size_t index) {
  const Place here{world, index};
  if (const auto known = resolved_.find(here); known != resolved_.end()) return known->second;
  if (is_circle(here)) return std::nullopt;
  const bool is_deep = under_way_.size() >= k_longest_chain;
  if (is_deep || nodes.size() >= k_most_nodes) {
    if (!std::exchange(too_many_, true))
      report_.problem("/views", is_deep ? concat("more than ", k_longest_chain,
                                                 " nodes wait for one another. Lower \"repeat\".")
                                        : concat("the graph with its views has more than ",
                                                 k_most_nodes, " nodes. Use fewer views."));
    return std::nullopt;
  }
  under_way_.push_back(here);
  for (const Layer& layer : world) seen_.insert(layer.view);
  const Node& node = graph_of(world).nodes[index];
  PortWires inputs = inputs_of(world, node);
  under_way_.pop_back();
  const std::size_t placed = place(world, node, std::move(inputs));
  resolved_[here] = placed;
  return placed;
}

PortWires ViewedGraph::inputs_of(const World& world, const Node& node) {
  const std::vector<Port>& ports = node.instance.inputs();
  PortWires inputs(ports.size());
  for (std::size_t p = 0; p < ports.size(); ++p) {
    if (const auto match = bound_port(world, node.name, ports[p].name)) {
      add_bound(world, *match, inputs[p]);
      continue;
    }
    // A mask that is wired belongs to the stream that was.
    const auto stream = followed_by(ports, ports[p]);
    if (stream && bound_port(world, node.name, ports[*stream].name)) continue;
    for (const InputSource& source : node.inputs[p]) add_source(world, source, inputs[p]);
  }
  return inputs;
}

void ViewedGraph::add_source(const World& world, const InputSource& source,
                             std::vector<InputSource>& wires) {
  if (source.from == From::batch) return add_field(world, source, wires);
  if (source.from != From::node && source.from != From::generated) return wires.push_back(source);
  const auto node = resolve(source.view.empty() ? world : world_of(source.view), source.node);
  if (!node) return;
  InputSource wire = source;
  wire.node = *node;
  wires.push_back(std::move(wire));
}

void ViewedGraph::add_field(const World& world, const InputSource& source,
                            std::vector<InputSource>& wires) {
  const auto match = bound_field(world, source.field);
  if (!match) return wires.push_back(source);
  const Bound& bound = views_[world[match->layer].view].bind[match->bind];
  read_.insert({world[match->layer].view, match->bind});
  if (!bound.plan->is_absent) return add_bound(world, *match, wires);
  std::vector<InputSource> made;
  add_field(seen_by(world, match->layer), source, made);
  for (InputSource& wire : made) {
    if (wire.from == From::batch) wire.field = concat(k_absent_field, wire.field);
    wires.push_back(std::move(wire));
  }
}

void ViewedGraph::add_bound(const World& world, const Match& match,
                            std::vector<InputSource>& wires) {
  const Bound& bound = views_[world[match.layer].view].bind[match.bind];
  read_.insert({world[match.layer].view, match.bind});
  const World seen = seen_by(world, match.layer);
  std::vector<InputSource> made;
  for (InputSource source : bound.sources) {
    source.field += source.from == From::batch ? match.suffix : "";
    const bool is_own = source.view == "this";
    if (is_own) source.view.clear();
    add_source(is_own ? world : seen, source, made);
  }
  for (InputSource& wire : made) {
    if (bound.plan->is_shuffled) shuffle(wire);
    wires.push_back(std::move(wire));
  }
}

std::optional<ViewedGraph::Match> ViewedGraph::bound_port(const World& world,
                                                          const std::string& node,
                                                          const std::string& port) const {
  for (std::size_t layer = 0; layer < world.size(); ++layer) {
    if (!is_bound(world, layer)) continue;
    const std::vector<Bound>& binds = views_[world[layer].view].bind;
    for (std::size_t i = 0; i < binds.size(); ++i)
      if (binds[i].plan->node == node && binds[i].plan->port == port) return Match{layer, i, ""};
  }
  return std::nullopt;
}

/// Whether the bind is of this field, or of the one that it is a companion of.
bool ViewedGraph::covers(const BindPlan& bind, const std::string& field) const {
  if (field == bind.port) return true;
  if (!field.starts_with(bind.port + "_")) return false;
  return std::ranges::none_of(own_fields_, [&](const std::string& own) {
    return own.size() > bind.port.size() && (field == own || field.starts_with(own + "_"));
  });
}

std::optional<ViewedGraph::Match> ViewedGraph::bound_field(const World& world,
                                                           const std::string& field) const {
  for (std::size_t layer = 0; layer < world.size(); ++layer) {
    if (!is_bound(world, layer)) continue;
    const std::vector<Bound>& binds = views_[world[layer].view].bind;
    std::optional<Match> longest;
    for (std::size_t i = 0; i < binds.size(); ++i) {
      const BindPlan& plan = *binds[i].plan;
      if (plan.node != "batch" || !covers(plan, field)) continue;
      const std::string suffix = field.substr(plan.port.size());
      // What a node makes has no companions in the batch.
      const bool from_node = !binds[i].sources.empty() && binds[i].sources[0].from == From::node;
      if (!suffix.empty() && from_node) continue;
      if (!longest || suffix.size() < longest->suffix.size()) longest = Match{layer, i, suffix};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

/// The node, or one that is equal to it.
std::size_t ViewedGraph::place(const World& world, const Node& node, PortWires inputs) {
  const std::size_t set = weights_of(world);
  const bool of_run = &graph_of(world) != &plain_;
  std::string exact = concat(of_run ? weights[set].label() : "", "\n", node.name, "\n", set);
  std::string stream = concat(exact.substr(0, exact.rfind('\n')), "\n", weights[set].label());
  for (const std::vector<InputSource>& port : inputs) {
    exact += "\n";
    stream += "\n";
    for (const InputSource& source : port) {
      const auto kind = static_cast<int>(source.from);
      const bool is_node = source.from == From::node || source.from == From::generated;
      exact += concat(kind, " ", source.field, " ", is_node ? std::to_string(source.node) : "", " ",
                      source.port, " ", source.shuffles, ";");
      stream += concat(kind, " ", source.field, " ", is_node ? nodes[source.node].stream : "", " ",
                       source.port, " ", source.shuffles, ";");
    }
  }
  const auto [known, is_new] = equal_.try_emplace(exact, nodes.size());
  if (!is_new) return known->second;
  Node placed = node;
  placed.inputs = std::move(inputs);
  placed.owner = node.name;
  placed.stream = node.name;
  placed.weights = set;
  placed.is_of_run = of_run;
  if (!world.empty()) {
    placed.config.clear();  // the recipe's own node has it
    placed.origins.clear();
    placed.view = label_of(world);
    placed.name = concat(placed.view, ":", node.name);
    placed.pointer = views_[world.front().view].plan->place.pointer;
    placed.stream = concat(node.name, "#", hex(stable_hash(stream)));
  }
  nodes.push_back(std::move(placed));
  return nodes.size() - 1;
}

void ViewedGraph::tell_unused(bool binds_are_problems) const {
  for (std::size_t v = 0; v < views_.size(); ++v) {
    const ViewPlan& view = *views_[v].plan;
    if (!seen_.contains(v)) {
      report_.note(view.place.pointer,
                   concat("no stage, no evaluation and no wire uses view \"", view.name, "\"."));
      continue;
    }
    for (std::size_t i = 0; i < view.bind.size(); ++i) {
      if (read_.contains({v, i})) continue;
      const BindPlan& bind = view.bind[i];
      const std::string text =
          concat("nothing that is computed in view \"", view.name, "\" reads \"", bind.node, ".",
                 bind.port, bind.is_absent ? "_present" : "",
                 "\". Remove it, or name a loss or "
                 "metric that does.");
      (binds_are_problems ? report_.problem : report_.note)(bind.place.pointer, text);
    }
  }
}

}  // namespace weft::host
