// SPDX-License-Identifier: Apache-2.0
#include "host/training/step_runner.hpp"

#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/diagnosis.hpp"
#include "host/training/loss_scale.hpp"
#include "host/training/selection.hpp"

namespace weft::host {

StepRunner::StepRunner(Model& model, const StagePlan& stage, std::uint64_t seed, Collective& ranks,
                       const std::map<std::string, int>& owners, const NodeRanks& rank_of)
    : model_(model),
      stage_(stage),
      seed_(seed),
      ranks_(ranks),
      owners_(owners),
      objective_(model, stage, rank_of.empty() ? ranks : one_rank(), owners),
      modulation_(model, stage, objective_) {
  if (!rank_of.empty()) pipelined_.emplace(model, objective_, ranks, rank_of, owners);
  for (const std::string& name : stage.recompute) again_.insert(model.wiring().index(name));
}

void StepRunner::select(std::int64_t step) {
  trained_ = select_trainable(model_, stage_, step);
  tensors_.clear();
  for (const NamedTensor& parameter : trained_) tensors_.push_back(parameter.tensor);
}

/// @return the norm of all gradients, wherever they are
double StepRunner::clip() {
  if (owners_.empty()) return clip_gradients(tensors_, stage_.clip_norm);
  return clip_gradients(tensors_, stage_.clip_norm, [&](std::vector<double>& norms) {
    const std::vector<double> of_all = ranks_.table(norms);
    for (std::size_t i = 0; i < norms.size(); ++i) {
      const auto owner = static_cast<std::size_t>(owners_.at(trained_[i].path));
      norms[i] = of_all[owner * norms.size() + i];
    }
  });
}

std::string StepRunner::run(const Batch& batch, std::int64_t step, StepReport& report,
                            double scale) {
  ranks_.note(concat("stage \"", stage_.name, "\""), step + 1);
  if (step != next_ || selection_changes(stage_, step)) select(step);
  next_ = step + 1;
  // Random numbers depend on seed, stage and step only, so a resumed run draws the same.
  CallOptions options{/*training=*/true, stable_hash(concat(stage_.name, "#", step), seed_)};
  options.precision = stage_.precision;
  options.again = &again_;
  options.states = &states_;
  states_.clear();
  const std::vector<TensorMap> micro =
      micro_batches(batch, stage_.grad_accumulation / (pipelined_ ? 1 : ranks_.size()));
  if (modulation_.is_on()) {
    report.losses = modulation_.run(micro, options, step, trained_, report, scale);
  } else {
    report.losses = pipelined_ ? pipelined_->backward(micro, options, step, scale)
                               : objective_.backward(micro, options, step, scale);
    if (scale != 1.0) scale_gradients(tensors_, 1.0 / scale);
  }
  report.weights = objective_.changing_weights(step);
  report.gradient_norm = clip();
  if (overflows(report, scale)) return "";
  options.states = nullptr;
  return not_finite(report, model_, {objective_, micro, batch.keys, options, trained_}, ranks_);
}

void StepRunner::clear_gradients() {
  host::clear_gradients(tensors_);
}

}  // namespace weft::host
