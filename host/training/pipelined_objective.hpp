// SPDX-License-Identifier: Apache-2.0
/// What a stage minimises, where each rank computes some of the nodes.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/engine/comm/collective.hpp"
#include "host/training/objective.hpp"

namespace weft::host {

/// Which rank computes each node, by index; a node runs on no earlier rank than what it reads.
using NodeRanks = std::map<std::size_t, int>;

class PipelinedObjective {
 public:
  /// @param objective  of the stage, as one rank has it
  /// @param owners     path → rank, of each parameter: that of its node, or of one of them
  PipelinedObjective(const Model& model, const Objective& objective, Collective& ranks,
                     NodeRanks rank_of, std::map<std::string, int> owners);

  /// Objective::backward(), where every rank has the same micro-batches and afterwards the
  /// gradients of what it owns. An output goes straight to each rank that reads it, and one
  /// gradient comes back from there. The bits are those of one rank where no output is read by more
  /// than two nodes and no weight by nodes of two ranks; else sums of three and more may round
  /// otherwise.
  std::map<std::string, double> backward(const std::vector<TensorMap>& micro,
                                         const CallOptions& options, std::int64_t step,
                                         double scale = 1.0) const;

 private:
  struct Step;
  struct MicroBatch;
  bool is_own(std::size_t node) const { return rank_of_.at(node) == ranks_.rank(); }
  std::vector<std::size_t> read_by(std::size_t node) const;
  MicroBatch forward(const Step& step, std::size_t micro) const;
  void backward(const Step& step, std::size_t micro, MicroBatch& here) const;
  int tag(std::size_t micro, std::size_t node, bool is_back) const;
  std::map<std::string, double> read(const std::vector<std::vector<Tensor>>& told,
                                     const std::vector<double>& weights) const;
  void move_gradients_to_owners(const std::vector<NamedTensor>& parameters) const;

  const Model& model_;
  const Objective& objective_;
  Collective& ranks_;
  const NodeRanks rank_of_;
  const std::map<std::string, int> owners_;
};

}  // namespace weft::host
