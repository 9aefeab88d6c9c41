// SPDX-License-Identifier: Apache-2.0
/// The weights of a wired graph: those that train, and those that its views have instead.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/engine/tensor.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {

/// A parameter or buffer with its path, "vision.blocks.0.attention.query.weight".
struct NamedTensor {
  std::string path;
  Tensor tensor;
  bool decay = true;  ///< weight decay applies
};

/// The tensors of one node's slots, borrowed for one call.
struct Lease {
  std::vector<weft_tensor> parameters, buffers;
};

class Weights {
 public:
  /// Of a parameter or buffer, by its path.
  using Predicate = std::function<bool(const std::string& path)>;

  /// Creates every live parameter from `seed` and its path. Frozen weights are the live ones until
  /// freeze(), averages begin with them, and those of a run are absent until load_run().
  Weights(const Wiring& wiring, std::uint64_t seed, DType dtype);

  /// The live ones; a parameter that is tied to another is that one.
  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  const std::vector<NamedTensor>& buffers() const { return buffers_; }

  /// What a node is called with.
  const Lease& lease(std::size_t node) const { return leases_[node]; }

  /// Paths of the live parameters that a node is called with.
  std::vector<std::string> live_parameters(std::size_t node) const;

  /// A stage begins: frozen weights become what the live ones are. What the stage does not change
  /// is shared with them and takes no memory.
  void freeze(const Predicate& changes);

  /// Whether average() does anything.
  bool has_averages() const;
  /// After a step of the optimiser: e ← e + (1 − decay)(θ − e) for every averaged parameter.
  /// Buffers of averaged weights are the live ones.
  void average();

  /// What views have that is not among the live weights, by "SET/PATH", and at "SET" how many these
  /// are. Weights of other runs are theirs and left out.
  std::map<std::string, Array> views() const;

  /// Takes back what views() gave.
  /// @param changes  what the stage that goes on changes; of a stage that is over, nothing
  /// @throws Error (bad_checkpoint) naming what is missing and what has another shape
  void load_views(const std::map<std::string, Array>& saved, const Predicate& changes);

  /// The folders of runs whose weights nodes have.
  std::vector<std::string> runs() const;
  /// Takes a run's weights over.
  /// @param saved  of its checkpoint, by path
  /// @throws Error (bad_checkpoint) naming what it lacks and what has another shape
  void load_run(const std::string& run, const std::map<std::string, Array>& saved);

 private:
  struct Set {
    WeightSet plan;
    std::map<std::string, std::vector<std::int64_t>> needed;  // by path: what nodes read
    std::set<std::string> buffers;                            // which of them are buffers
    std::map<std::string, Tensor> own;  // by path: what is not shared with the live weights
  };
  struct Slots {
    std::size_t set = 0;
    std::vector<std::string> parameters, buffers;  // paths
  };
  void create(const Node& node, std::uint64_t seed, DType dtype);
  Tensor checked(const std::map<std::string, Array>& saved, const std::string& name,
                 const std::vector<std::int64_t>& sizes, const std::string& whose) const;
  void lend();

  std::vector<NamedTensor> parameters_, buffers_;
  std::vector<Set> sets_;     // as Wiring::weights()
  std::vector<Slots> slots_;  // by node
  std::vector<Lease> leases_;
};

}  // namespace weft::host
