// SPDX-License-Identifier: Apache-2.0
#include "host/training/divergence.hpp"

#include <cmath>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/training/selection.hpp"

namespace weft::host {

using Action = DivergencePlan::Action;

Divergence::Divergence(const StagePlan& stage, Model& model, optim::StageOptimizer& optimizer,
                       StageProgress& progress)
    : stage_(stage), model_(model), optimizer_(optimizer), times_(progress.divergences) {
  optimizer_.set_factor(factor());
}

/// Of the learning rate; 1 unless it was rolled back.
double Divergence::factor() const {
  return std::pow(stage_.on_divergence.lr_mult, static_cast<double>(times_));
}

void Divergence::keep(std::int64_t step) {
  if (stage_.on_divergence.action != Action::rollback) return;
  kept_step_ = step;
  kept_model_ = model_.state();
  kept_optimizer_ = optimizer_.state();
  kept_views_ = model_.weights().views();
}

void Divergence::begin_step() {
  if (stage_.on_divergence.action != Action::skip && stage_.precision != DType::float16) return;
  for (const NamedTensor& buffer : model_.buffers())
    buffers_[buffer.path] = to_array(buffer.tensor);
}

void Divergence::put_back() {
  for (const NamedTensor& buffer : model_.buffers())
    copy_into(buffer.tensor, buffers_.at(buffer.path));
}

DivergedStep Divergence::leave_out(const std::string& cause, std::int64_t step, bool moved) {
  const DivergencePlan& plan = stage_.on_divergence;
  const std::string remedy = " Lower the learning rate or set clip_norm.";
  if (plan.action == Action::stop || (plan.action == Action::skip && moved))
    throw Error(Exit::failed, cause + remedy);
  if (times_ >= plan.times)
    throw Error(Exit::failed,
                concat(cause, " It happened ", times_, times_ == 1 ? " time" : " times",
                       " before, as often as on_divergence allows.", remedy));
  ++times_;
  optimizer_.set_factor(factor());
  if (plan.action == Action::skip) {
    put_back();
    return {stage_.name, step + 1, cause, "skip", times_, step + 2, factor()};
  }
  model_.load(kept_model_);
  optimizer_.load(kept_optimizer_);
  model_.weights().load_views(kept_views_, changed_by(model_, stage_));
  return {stage_.name, step + 1, cause, "rollback", times_, kept_step_ + 1, factor()};
}

}  // namespace weft::host
