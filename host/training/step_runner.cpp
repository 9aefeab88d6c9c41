// SPDX-License-Identifier: Apache-2.0
#include "host/training/step_runner.hpp"

#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/diagnosis.hpp"
#include "host/training/selection.hpp"

namespace weft::host {

StepRunner::StepRunner(Model& model, const StagePlan& stage, std::uint64_t seed)
    : model_(model), stage_(stage), seed_(seed), objective_(model, stage) {}

void StepRunner::select(std::int64_t step) {
  trained_ = select_trainable(model_, stage_, step);
  tensors_.clear();
  for (const NamedTensor& parameter : trained_) tensors_.push_back(parameter.tensor);
}

std::string StepRunner::run(const Batch& batch, std::int64_t step, StepReport& report) {
  if (step != next_ || selection_changes(stage_, step)) select(step);
  next_ = step + 1;
  // Random numbers depend on seed, stage and step only, so a resumed run draws the same.
  const CallOptions options{/*training=*/true, stable_hash(concat(stage_.name, "#", step), seed_)};
  const std::vector<TensorMap> micro = micro_batches(batch, stage_.grad_accumulation);
  report.losses = objective_.backward(micro, options, step);
  report.weights = objective_.changing_weights(step);
  report.gradient_norm = clip_gradients(tensors_, stage_.clip_norm);
  return not_finite(report, model_, {objective_, micro, batch.keys, options, trained_});
}

void StepRunner::clear_gradients() {
  host::clear_gradients(tensors_);
}

}  // namespace weft::host
