// SPDX-License-Identifier: Apache-2.0
/// What a stage minimises: Σ λ_l · (Σ loss_l) / (Σ weight_l), sums taken over the whole step.
///
/// Each loss reports the sum over what it counts and how many that are. Dividing by the count of
/// the whole step, not of a micro-batch, makes k accumulated micro-batches equal one large batch.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The rows of a batch cut into `parts` equal pieces; the pieces share the batch's memory.
std::vector<TensorMap> micro_batches(const Batch& batch, std::int64_t parts);

class Objective {
 public:
  Objective(const Model& model, const StagePlan& stage);

  /// Runs the micro-batches of one step forward and backward; gradients add up in the parameters.
  /// @return mean of every loss over the step, and their weighted sum as "total"
  std::map<std::string, double> backward(const std::vector<TensorMap>& micro,
                                         const CallOptions& options) const;

  /// The nodes that run for it, in order.
  const std::vector<std::size_t>& order() const { return order_; }
  /// Those of one micro-batch: each draws other random numbers.
  CallOptions options_of(const CallOptions& step, std::size_t micro) const;

 private:
  struct Term {
    std::string name;
    std::size_t node, loss_port, weight_port;
    double lambda;
  };
  double count(const Term& term, const std::vector<TensorMap>& micro,
               const CallOptions& options) const;

  const Model& model_;
  std::string data_;  // the stage's section
  std::vector<Term> terms_;
  std::vector<std::size_t> order_;
};

}  // namespace weft::host
