// SPDX-License-Identifier: Apache-2.0
#include "host/engine/adamw.hpp"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

/// A parameter with its moments; they are undefined until its first step.
struct Slot {
  std::string path;
  at::Tensor parameter;
  bool decay;
  at::Tensor exp_avg, exp_avg_sq, step;

  /// The tensors that state() names.
  std::vector<std::pair<std::string, at::Tensor*>> named() {
    return {{path + ".exp_avg", &exp_avg},
            {path + ".exp_avg_sq", &exp_avg_sq},
            {path + ".step", &step}};
  }

  void start() {
    exp_avg = at::zeros_like(parameter);
    exp_avg_sq = at::zeros_like(parameter);
    step = at::zeros({}, at::TensorOptions().dtype(at::kFloat));
  }
};

[[noreturn]] void refuse(const std::string& text) {
  throw Error(Exit::bad_checkpoint,
              "the optimiser's state does not fit: " + text +
                  ". It belongs to another model or to a stage that trains other parts.");
}

}  // namespace

struct AdamW::Implementation {
  AdamWOptions options;
  std::vector<Slot> slots;

  /// Steps the parameters with decay, or those without, in one call.
  void step(double rate, bool decay) {
    std::vector<at::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps;
    for (Slot& slot : slots) {
      const at::Tensor& gradient = slot.parameter.grad();
      if (slot.decay != decay || !gradient.defined()) continue;
      if (!slot.step.defined()) slot.start();
      slot.step.add_(1);
      parameters.push_back(slot.parameter);
      gradients.push_back(gradient.contiguous());  // the fused kernel runs over raw memory
      exp_avgs.push_back(slot.exp_avg);
      exp_avg_sqs.push_back(slot.exp_avg_sq);
      steps.push_back(slot.step);
    }
    if (parameters.empty()) return;
    at::_fused_adamw_(parameters, gradients, exp_avgs, exp_avg_sqs, /*max_exp_avg_sqs=*/{}, steps,
                      rate, options.beta1, options.beta2, decay ? options.weight_decay : 0.0,
                      options.eps, /*amsgrad=*/false, /*maximize=*/false);
  }
};

AdamW::AdamW(std::vector<OptimizerParameter> parameters, const AdamWOptions& options)
    : implementation_(std::make_unique<Implementation>()) {
  implementation_->options = options;
  for (OptimizerParameter& parameter : parameters)
    implementation_->slots.push_back(
        {std::move(parameter.path), tensor_of(parameter.tensor), parameter.decay, {}, {}, {}});
}

AdamW::~AdamW() = default;
AdamW::AdamW(AdamW&&) noexcept = default;
AdamW& AdamW::operator=(AdamW&&) noexcept = default;

void AdamW::step(double rate) {
  checked("the optimiser's step", [&] {
    const c10::NoGradGuard no_grad;
    implementation_->step(rate, true);
    implementation_->step(rate, false);
  });
}

std::map<std::string, Array> AdamW::state() const {
  std::map<std::string, Array> state;
  for (Slot& slot : implementation_->slots)
    for (const auto& [name, tensor] : slot.named())
      if (tensor->defined()) state[name] = to_array(wrap(*tensor));
  return state;
}

void AdamW::load(const std::map<std::string, Array>& state) {
  checked("loading the optimiser's state", [&] {
    std::vector<Slot> loaded = implementation_->slots;
    std::size_t used = 0;
    for (Slot& slot : loaded) {
      slot.start();
      std::size_t found = 0;
      for (const auto& [name, tensor] : slot.named()) {
        const auto array = state.find(name);
        if (array == state.end()) continue;
        ++found;
        try {
          copy_into(wrap(*tensor), array->second);
        } catch (const Error& error) {
          refuse("\"" + name + "\": " + error.what());
        }
      }
      if (found == 0)
        slot.exp_avg = slot.exp_avg_sq = slot.step = at::Tensor();
      else if (found < slot.named().size())
        refuse("\"" + slot.path + "\" is incomplete");
      used += found;
    }
    for (const auto& [name, array] : state) {
      bool known = used == state.size();
      for (Slot& slot : loaded)
        for (const auto& [own, tensor] : slot.named()) known = known || own == name;
      if (!known) refuse("it has \"" + name + "\", which is not trained here");
    }
    implementation_->slots = std::move(loaded);
  });
}

}  // namespace weft::host
