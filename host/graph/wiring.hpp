// SPDX-License-Identifier: Apache-2.0
/// A recipe's parts, created and wired, with every port and shape checked; no tensor is made.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/field_spec.hpp"
#include "host/recipe/recipe.hpp"
#include "host/registry/instance.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// Where one input tensor comes from.
struct InputSource {
  enum class From {
    batch,
    node,
    generated,  ///< what an autoregressive decoder wrote, evaluation only: see `field`
    present,    ///< computed of the batch: which samples have what `present` names
    gradient,   ///< computed of the gradients of a stage's losses: "loss" or "gram" in `field`
    nothing,    ///< the mask of a stream that has none
  };
  From from = From::nothing;
  /// Of the batch; of what is generated "" for the tokens, "text" for the text and "mask" for its
  /// mask.
  std::string field;
  std::size_t node = 0;  ///< index into Wiring::nodes()
  std::size_t port = 0;  ///< output port of that node
  std::string pointer;   ///< where the recipe says so
  /// Fields [B] bool: a sample counts if of each list at least one is true.
  std::vector<std::vector<std::string>> present = {};
  /// The view that the recipe names before the wire; `node` is the view's where the graph is wired.
  std::string view = {};
  /// How often the rows of a node's output change places (shuffled_rows()).
  std::uint32_t shuffles = 0;
  std::vector<std::int64_t> sizes = {};  ///< of what is computed of gradients
};

/// A field that a view makes of a field of the batch: its rows in another order, or what a sample
/// has that lacks it. Such fields are named "shuffled:image" and "absent:image".
constexpr std::string_view k_shuffled_field = "shuffled:";
constexpr std::string_view k_absent_field = "absent:";

/// The field of the batch of which a field is made; most are such a field themselves.
std::string base_field(const std::string& field);

/// For each input port of a node its wires.
using PortWires = std::vector<std::vector<InputSource>>;

/// One set of weights that parts are called with.
struct WeightSet {
  enum class Kind {
    live,    ///< those that train
    frozen,  ///< the same as they were at the beginning of the stage
    ema,     ///< their exponential moving average
    run      ///< another run's
  };
  Kind kind = Kind::live;
  double decay = 0.0;   ///< of the average
  std::string run;      ///< folder
  std::string pointer;  ///< of a view that has them
  /// By the path of a parameter that of the one whose tensor it takes.
  std::map<std::string, std::string> ties = {};

  /// Names it in checkpoints and messages: "frozen", "ema:0.999", "run:PATH".
  std::string label() const;
};

/// One part of the recipe's graph, losses or metrics, or one of these as a view sees it.
struct Node {
  std::string name;     ///< unique over graph, losses and metrics; a view's is "VIEW:NAME"
  std::string pointer;  ///< "/graph/vision"
  Instance instance;
  PortWires inputs;  ///< as the recipe wires them; Wiring::inputs() has what follows by itself
  std::string config = {};  ///< with its defaults, a JSON object
  /// Where values of `config` come from that the node does not give: pointers of a wire or of
  /// defaults.config, by key.
  std::map<std::string, std::string> origins = {};
  std::string view = {};    ///< which view sees it first; empty: it is a node of the recipe itself
  std::string owner = {};   ///< heads its parameters' paths: what it is called without the view
  bool is_of_run = false;   ///< it is a part of another run's recipe
  std::size_t weights = 0;  ///< index into Wiring::weights(), where the first are live
  /// Names its stream of random numbers: a view's says what differs, and not what it is called.
  std::string stream = {};

  bool is_viewed() const { return !view.empty(); }
  /// The pointer of what says where its inputs come from.
  std::string wires_pointer() const { return is_viewed() ? pointer : pointer + "/in"; }
};

class Wiring {
 public:
  /// Creates every part and checks everything that can be known without data or tensors.
  /// @param data  the fields of each data section that the recipe names
  /// @throws RecipeError with all problems: unknown parts and ports, wrong configurations, wires
  ///         that are missing or lead nowhere, element types and shapes that do not fit, stages
  ///         whose patterns match nothing, that train nothing or whose micro-batches would not add
  ///         up, and generation by a part that cannot
  Wiring(const Recipe& recipe, const Registry& registry,
         const std::map<std::string, std::vector<FieldSpec>>& data);

  /// Producers come before consumers.
  const std::vector<Node>& nodes() const { return nodes_; }
  /// @param name  of a node; "VIEW:NAME" of a part that a stage or the evaluation names
  std::size_t index(const std::string& name) const { return by_name_.at(name); }

  /// The live weights first, then those that views have.
  const std::vector<WeightSet>& weights() const { return weights_; }

  /// What feeds a node where batches come from the data section `data`. Masks and presence follow
  /// their streams; an optional port whose field the section lacks is not wired.
  const PortWires& inputs(std::size_t node, const std::string& data) const {
    return inputs_.at(data).at(node);
  }

  /// What is sound but may not be meant, such as a port that is not wired in one section.
  const std::vector<Problem>& notes() const { return notes_; }

  /// The nodes that must run to compute `targets`, targets included, in running order.
  std::vector<std::size_t> needed(const std::vector<std::size_t>& targets) const;

 private:
  std::vector<Node> nodes_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<WeightSet> weights_;
  std::map<std::string, std::vector<PortWires>> inputs_;  // by data section
  std::vector<Problem> notes_;
};

/// The sizes and element types that one instance gives for these inputs, without computing.
/// @param inputs  the specs of all wires, flattened in port order; dtype 0 stands for an absent
/// mask
/// @param counts  wires of each input port
/// @throws Error with "input \"tokens\" expects [B, N, 64], found [32, 49, 48]" if they do not fit
std::vector<weft_spec> infer_outputs(const Instance& instance, const std::vector<weft_spec>& inputs,
                                     const std::vector<std::uint32_t>& counts);

/// A spec from sizes; at most WEFT_MAX_DIMS of them.
weft_spec make_spec(DType dtype, const std::vector<std::int64_t>& sizes);
std::vector<std::int64_t> spec_sizes(const weft_spec& spec);

}  // namespace weft::host
