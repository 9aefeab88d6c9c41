// SPDX-License-Identifier: Apache-2.0
#include "host/session/first_steps.hpp"

#include <algorithm>
#include <utility>

#include "host/engine/device/device.hpp"
#include "host/graph/memory_check.hpp"
#include "host/session/memory_use.hpp"

namespace weft::host {
namespace {

constexpr std::int64_t k_looked_at = 2;    ///< the step whose operations are recorded
constexpr std::int64_t k_last_timed = 7;   ///< of weft plan: two steps, then five
constexpr double k_parameter_bytes = 4.0;  ///< float32

}  // namespace

void FirstSteps::begin_stage(const StagePlan& stage, std::int64_t step) {
  recorder_.reset();
  const bool is_seen = is_alone_ && step == 0 && device_text() == "cpu";
  stage_ = is_seen ? &stage : nullptr;
  taken_ = 0;
  seconds_.clear();
  parts_.clear();
  memory_ = {};
  knows_optimizer_ = false;
}

void FirstSteps::begin_step() {
  if (stage_ == nullptr) return;
  // The first step's batch is freed by now, and its gradients. A step that was left out says
  // nothing.
  if (taken_ == 1 && !std::exchange(knows_optimizer_, true))
    memory_.optimizer = std::max(0.0, static_cast<double>(recorder_->bytes()));
  recorder_.reset();
  if (taken_ < k_looked_at) recorder_.emplace();
}

void FirstSteps::end_step(const StepReport& report) {
  if (stage_ == nullptr) return;
  ++taken_;
  const bool is_last = report.step == report.steps;
  if (taken_ == k_looked_at || (is_last && taken_ < k_looked_at)) look(report);
  if (taken_ > k_looked_at) seconds_.push_back(report.seconds);
  if (taken_ < k_last_timed && !is_last) return;
  write(report.step);
  stage_ = nullptr;
}

void FirstSteps::look(const StepReport& report) {
  if (taken_ == 1) memory_.optimizer = std::max(0.0, static_cast<double>(recorder_->bytes()));
  const std::map<std::string, ScopeCost> costs = recorder_->costs();
  flops_ = 0;
  parameters_ = trainable_ = 0;
  for (const Node& node : model_.wiring().nodes()) {
    const auto found = costs.find(node.name);
    if (found == costs.end()) continue;
    std::map<std::string, double>& part = parts_[node.name];
    part["forward_seconds"] = found->second.forward_seconds;
    part["backward_seconds"] = found->second.backward_seconds;
    part["activation_bytes"] = std::max(0.0, static_cast<double>(found->second.kept_bytes));
    const std::int64_t trainable = trained_count(node, *stage_);
    const std::int64_t own = node.is_viewed() && node.weights == 0 ? 0 : parameter_count(node);
    part["parameters"] = static_cast<double>(own);
    part["trainable"] = static_cast<double>(trainable);
    const auto flops = recorder_->flops().find(node.name);
    part["flops"] =
        flops == recorder_->flops().end() ? 0.0 : flops->second.forward + flops->second.backward;
    flops_ += part["flops"];
    parameters_ += own;
    trainable_ += trainable;
  }
  waited_ = report.waited;
  const auto outside = costs.find("");
  if (outside != costs.end())
    rest_ =
        std::max(0.0, outside->second.forward_seconds + outside->second.backward_seconds - waited_);
  memory_.weights = weights_bytes(model_);
  memory_.gradients = k_parameter_bytes * static_cast<double>(trainable_);
  memory_.activations =
      std::max(0.0, static_cast<double>(recorder_->peak_bytes()) - memory_.gradients);
  memory_.saved = memory_.weights + memory_.optimizer;
  recorder_.reset();
}

void FirstSteps::write(std::int64_t step) {
  // What was in memory by now holds the copy of a save only where there was one.
  memory_.saves_beside_steps = stage_->save_every > 0 && stage_->save_every < step;
  const double so_far = memory_.saves_beside_steps
                            ? memory_.tensors()
                            : memory_.tensors() - std::max(0.0, memory_.saved - memory_.gradients -
                                                                    memory_.activations);
  memory_.process = std::max(0.0, peak_of_process() - so_far);
  memory_.saves_beside_steps = stage_->save_every > 0 && stage_->save_every < stage_->steps;
  std::vector<std::pair<std::string, EventValue>> fields = {
      {"stage", stage_->name},
      {"steps", stage_->steps},
      {"parameters", parameters_},
      {"trainable", trainable_},
      {"flops", flops_},
      {"memory", std::map<std::string, double>{{"process", memory_.process},
                                               {"weights", memory_.weights},
                                               {"optimizer", memory_.optimizer},
                                               {"gradients", memory_.gradients},
                                               {"activations", memory_.activations},
                                               {"saved", memory_.saved},
                                               {"peak", memory_.peak()}}},
      {"parts", parts_},
      {"waited", waited_},
      {"rest", rest_}};
  if (!seconds_.empty()) {
    std::ranges::sort(seconds_);
    fields.emplace_back("seconds", seconds_[seconds_.size() / 2]);
  }
  events_.write("plan", fields);
}

}  // namespace weft::host
