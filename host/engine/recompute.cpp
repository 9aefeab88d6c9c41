// SPDX-License-Identifier: Apache-2.0
#include "host/engine/recompute.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <memory>
#include <utility>

#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

namespace weft::host {
namespace {

std::vector<at::Tensor> defined_of(const std::vector<Tensor>& tensors) {
  std::vector<at::Tensor> all;
  for (const Tensor& tensor : tensors) all.push_back(tensor ? tensor_of(tensor) : at::Tensor());
  return all;
}

/// The graph's node of one call.
class RecomputeNode final : public torch::autograd::Node {
 public:
  RecomputeNode(const std::vector<at::Tensor>& inputs, std::vector<at::Tensor> parameters,
                const std::vector<at::Tensor>& all, Compute compute)
      : Node(torch::autograd::collect_next_edges(all)),
        parameters_(std::move(parameters)),
        compute_(std::move(compute)) {
    for (const at::Tensor& input : inputs) {
      needs_.push_back(input.defined() && input.requires_grad());
      inputs_.emplace_back(input, /*is_output=*/false);
    }
  }

  std::string name() const override { return "recompute"; }

  void release_variables() override {
    for (SavedVariable& input : inputs_) input.reset_data();
  }

 private:
  variable_list apply(variable_list&& gradients) override {
    const c10::AutoGradMode recording(true);
    std::vector<Tensor> inputs;
    variable_list wanted;
    std::vector<std::size_t> places;  // of `wanted` among this node's inputs
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      at::Tensor input = inputs_[i].unpack();
      if (!input.defined()) {
        inputs.emplace_back();
        continue;
      }
      input = input.detach();
      if (needs_[i]) {
        input.requires_grad_(true);
        wanted.push_back(input);
        places.push_back(i);
      }
      inputs.push_back(wrap(input));
    }
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (parameters_[i].requires_grad()) {
        wanted.push_back(parameters_[i]);
        places.push_back(inputs_.size() + i);
      }
    const std::vector<Tensor> outputs = compute_(inputs, /*again=*/true);
    variable_list roots, slopes;
    for (std::size_t i = 0; i < outputs.size() && i < gradients.size(); ++i)
      if (outputs[i] && tensor_of(outputs[i]).requires_grad() && gradients[i].defined()) {
        roots.push_back(tensor_of(outputs[i]));
        slopes.push_back(gradients[i]);
      }
    variable_list found(inputs_.size() + parameters_.size());
    if (roots.empty() || wanted.empty()) return found;
    variable_list each = torch::autograd::grad(roots, wanted, slopes, /*retain_graph=*/false,
                                               /*create_graph=*/false, /*allow_unused=*/true);
    for (std::size_t i = 0; i < each.size(); ++i) found[places[i]] = std::move(each[i]);
    return found;
  }

  std::vector<SavedVariable> inputs_;
  std::vector<bool> needs_;
  std::vector<at::Tensor> parameters_;
  Compute compute_;
};

}  // namespace

std::vector<Tensor> recomputed(const std::vector<Tensor>& inputs,
                               const std::vector<Tensor>& parameters, Compute compute) {
  std::vector<Tensor> outputs;
  {
    const c10::NoGradGuard no_grad;
    outputs = compute(inputs, /*again=*/false);
  }
  return checked("recomputing", [&] {
    const std::vector<at::Tensor> in = defined_of(inputs);
    std::vector<at::Tensor> leaves = defined_of(parameters), all = in;
    all.insert(all.end(), leaves.begin(), leaves.end());
    if (!c10::GradMode::is_enabled() || !torch::autograd::compute_requires_grad(all))
      return outputs;
    const std::shared_ptr<RecomputeNode> node(
        new RecomputeNode(in, std::move(leaves), all, std::move(compute)),
        torch::autograd::deleteNode);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      at::Tensor output = outputs[i] ? tensor_of(outputs[i]) : at::Tensor();
      if (!output.defined() || !torch::autograd::isDifferentiableType(output.scalar_type())) {
        node->add_input_metadata(torch::autograd::Node::undefined_input());
        continue;
      }
      // What shares memory with an input has a history already; a part may hand an input on.
      output = output.clone();
      torch::autograd::set_history(output, node);
      outputs[i] = wrap(output);
    }
    return outputs;
  });
}

}  // namespace weft::host
