// SPDX-License-Identifier: Apache-2.0
/// A recipe's parts, created and wired, with every port and shape checked; no tensor is made.

#pragma once

#include <cstdint>
#include <map>
#include <string>
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
    generated,  ///< the tokens that an autoregressive decoder wrote, evaluation only
    nothing,    ///< the mask of a stream that has none
  };
  From from = From::nothing;
  std::string field;     ///< of the batch
  std::size_t node = 0;  ///< index into Wiring::nodes()
  std::size_t port = 0;  ///< output port of that node
  std::string pointer;   ///< where the recipe says so
};

/// One part of the recipe's graph, losses or metrics.
struct Node {
  std::string name;     ///< unique over graph, losses and metrics; heads its parameters' paths
  std::string pointer;  ///< "/graph/vision"
  Instance instance;
  std::vector<std::vector<InputSource>> inputs;  ///< for each input port its wires
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
  std::size_t index(const std::string& name) const { return by_name_.at(name); }

  /// The nodes that must run to compute `targets`, targets included, in running order.
  std::vector<std::size_t> needed(const std::vector<std::size_t>& targets) const;

 private:
  std::vector<Node> nodes_;
  std::map<std::string, std::size_t> by_name_;
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
