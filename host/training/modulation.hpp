// SPDX-License-Identifier: Apache-2.0
/// Gradients scaled by a function of the graph, before they are clipped.
///
/// Parameters are parted into groups; what no group covers keeps its gradient. The function's scale
/// is [G], one factor k_g for each group's gradient, or [G, T], one for each loss:
///
///   g_g ← k_g Σ_t g_gt        or        g_g ← Σ_t k_gt g_gt,      g_gt = ∂(λ_t L_t) / ∂θ_g
///
/// The function runs once a step, after the backward pass, on the rows of all micro-batches. With a
/// scale [G, T], or where it reads grad.gram, each loss has a backward pass of its own.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"
#include "host/training/objective.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

class Modulation {
 public:
  Modulation(const Model& model, const StagePlan& stage, const Objective& objective);

  /// Whether the stage has one.
  bool is_on() const { return !plan_.node.empty(); }

  /// Instead of Objective::backward(): leaves scaled gradients in the parameters.
  /// @param report  gets `modulation`: for each group `norm`, the gradient's before it is scaled,
  ///                `share`, its part of all groups' norms, `scale` or `scale.LOSS`, and where
  ///                losses have passes of their own `cosine.LOSS.LOSS`
  /// @param scale   as Objective::run(); gradients are divided by it again. Where they are then not
  ///                finite the function is not asked, and they stay so
  /// @return the losses, as Objective::backward() does
  /// @throws Error (plugin) where a scale is not finite
  std::map<std::string, double> run(const std::vector<TensorMap>& micro, const CallOptions& options,
                                    std::int64_t step, const std::vector<NamedTensor>& trained,
                                    StepReport& report, double scale = 1.0);

 private:
  struct Group {
    std::vector<Tensor> parameters;
    std::vector<std::vector<Tensor>> gradients;  // by loss, then by parameter
    std::vector<double> gram;                    // [T, T]
  };
  void choose(const std::vector<NamedTensor>& trained);
  void differentiate(const std::vector<Tensor>& terms);
  void divide(double scale);
  void measure(StepReport& report);
  std::vector<double> scales(const std::map<std::string, double>& losses,
                             const CallOptions& options) const;
  InputTensors inputs(const std::map<std::string, double>& losses) const;
  void apply(const std::vector<double>& scales, StepReport& report);

  const Model& model_;
  const ModulatePlan& plan_;
  const Objective& objective_;
  const std::vector<std::string> losses_;
  std::string data_;
  std::size_t node_ = 0, port_ = 0;
  bool by_loss_ = false;                // each loss has a backward pass of its own
  std::vector<Group> groups_;           // the last holds what no pattern covers
  std::vector<InputTensors> received_;  // of the function, by micro-batch
};

}  // namespace weft::host
