// SPDX-License-Identifier: Apache-2.0
/// What a stage minimises: Σ λ_l · (Σ loss_l) / (Σ weight_l), sums taken over the whole step. λ_l
/// may change from step to step.
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

  /// Runs the micro-batches of one step forward and backward; gradients add up in the parameters. A
  /// loss whose weight is 0 at the step gives none. Losses are read from their device once a step.
  /// @param step  of the stage, from 0
  /// @return mean of every loss over the step, and their weighted sum as "total"
  std::map<std::string, double> backward(const std::vector<TensorMap>& micro,
                                         const CallOptions& options, std::int64_t step = 0) const;

  /// The weight at a step of every loss whose weight changes in the stage.
  std::map<std::string, double> changing_weights(std::int64_t step) const;

  /// The nodes that run for it, in order.
  const std::vector<std::size_t>& order() const { return order_; }
  /// Those of one micro-batch: each draws other random numbers.
  CallOptions options_of(const CallOptions& step, std::size_t micro) const;

 private:
  struct Term {
    std::string name;
    std::size_t node, loss_port, weight_port;
    Schedule lambda;
  };
  /// A term in one micro-batch, its numbers left on their device.
  struct Part {
    const Term& term;
    Tensor loss, minimised;
    double weight;
  };
  /// Of every term over all micro-batches.
  std::vector<double> count(const std::vector<TensorMap>& micro, const CallOptions& options) const;
  static std::map<std::string, double> read(const std::vector<Part>& parts);

  const Model& model_;
  std::string data_;  // the stage's section
  std::vector<Term> terms_;
  std::vector<std::size_t> order_;
};

}  // namespace weft::host
