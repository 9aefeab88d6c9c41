// SPDX-License-Identifier: Apache-2.0
/// What a stage minimises: Σ λ_l · (Σ loss_l) / (Σ weight_l), sums taken over the whole step. λ_l
/// may change from step to step.
///
/// Each loss reports the sum over what it counts and how many that are. Dividing by the count of
/// the whole step, not of a micro-batch, makes k accumulated micro-batches equal one large batch.

#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The rows of a batch cut into `parts` equal pieces; the pieces share the batch's memory.
std::vector<TensorMap> micro_batches(const Batch& batch, std::int64_t parts);

class Objective {
 public:
  /// @param ranks  that share a step: each has as many of its grad_accumulation micro-batches
  /// @param owners  of the gradients of what the stage trains; empty: all ranks get all
  Objective(const Model& model, const StagePlan& stage, Collective& ranks = one_rank(),
            std::map<std::string, int> owners = {});

  /// The same for micro-batches that this rank has alone.
  Objective alone() const;

  /// Differentiates the terms of one micro-batch, λ_t L_t each in the order of losses(); a term is
  /// absent where nothing counts or its weight is 0.
  using Differentiate =
      std::function<void(std::size_t micro, const Values&, const std::vector<Tensor>& terms)>;

  /// Runs the micro-batches of one step forward, and each backward by `differentiate`.
  /// @param scale  multiplies the terms that are differentiated, and so their gradients
  std::map<std::string, double> run(const std::vector<TensorMap>& micro, const CallOptions& options,
                                    std::int64_t step, const Differentiate& differentiate,
                                    double scale = 1.0) const;

  /// Runs the micro-batches of one step forward and backward; their gradients' sum over all ranks
  /// is then in the parameters, on their owners' rank where they have owners. It does not depend,
  /// to the bit, on how many ranks there are, as gradient_tree.hpp says. A loss whose weight is 0
  /// at the step gives none, and so does one that counts nothing on any rank: what only such losses
  /// need is not run, where that is known before. Losses are read from their device once a step.
  ///
  /// A loss that compares rows gets those of all ranks, and every rank computes all of it: each
  /// keeps the gradient of its own rows, and rank 0 that of the loss's own parameters.
  /// @param micro  of this rank
  /// @param step   of the stage, from 0
  /// @param scale  as run()
  /// @return mean of every loss over the step, and their weighted sum as "total"
  std::map<std::string, double> backward(const std::vector<TensorMap>& micro,
                                         const CallOptions& options, std::int64_t step = 0,
                                         double scale = 1.0) const;

  struct Term {
    std::string name;
    std::size_t node, loss_port, weight_port;
    Schedule lambda;
    bool is_shared;  ///< it compares the rows of all ranks
  };
  /// In the order of losses().
  const std::vector<Term>& terms() const { return terms_; }
  /// Of every term over all micro-batches of all ranks; 0 for a term that is shared.
  std::vector<double> count(const std::vector<TensorMap>& micro, const CallOptions& options) const;

  /// Names of the losses, in alphabetical order.
  std::vector<std::string> losses() const;

  /// The weight at a step of every loss whose weight changes in the stage.
  std::map<std::string, double> changing_weights(std::int64_t step) const;

  /// The sum of those that there are; absent if none is.
  static Tensor total(const std::vector<Tensor>& terms);

  /// The nodes that run for it, in order.
  const std::vector<std::size_t>& order() const { return order_; }
  /// The stage's section.
  const std::string& data() const { return data_; }
  /// Those of one micro-batch of this rank: each draws other random numbers, which are the same
  /// whichever rank has it.
  CallOptions options_of(const CallOptions& step, std::size_t micro) const;

 private:
  /// A term in one micro-batch, its numbers left on their device.
  struct Part {
    std::size_t term;
    Tensor loss, minimised;
  };
  Values forward(const std::vector<double>& counted, const TensorMap& batch,
                 const CallOptions& options) const;
  std::vector<double> weights_in(const Values& values) const;
  std::map<std::string, double> read(const std::vector<Part>& parts,
                                     const std::vector<double>& weights) const;
  void sum_gradients() const;

  const Model& model_;
  Collective* ranks_;
  std::map<std::string, int> owners_;
  std::size_t first_ = 0;  // of this rank's micro-batches among all
  bool is_modulated_ = false;
  std::string data_;
  std::vector<Term> terms_;
  std::vector<std::size_t> order_;
  std::shared_ptr<const Asked> asked_;  // by all of them, and by what scales gradients
};

}  // namespace weft::host
