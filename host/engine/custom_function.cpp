// SPDX-License-Identifier: Apache-2.0
/// Custom differentiable operations: a plug-in's two callbacks behind an autograd node of our own.
///
/// torch::autograd::Function does not see tensors in a vector and cannot keep a library loaded, so
/// the node is made by hand.

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/engine/derivatives.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/tables.hpp"

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

/// What a weft_saved points to: filled by one call of forward, read by calls of backward.
struct weft_saved_s {
  bool in_forward = true;
  bool is_filled = false;
  std::vector<SavedVariable> tensors;
};

namespace weft::host {
namespace {

/// The innermost LibraryScope's library on this thread.
std::shared_ptr<const void>& current_library() {
  static thread_local std::shared_ptr<const void> library;
  return library;
}

EntrySlot entry_slot = nullptr;

/// The entry that this thread is in; null if there is none or nobody keeps a record.
const Entry* current_entry() {
  return entry_slot == nullptr ? nullptr : entry_slot()->innermost.load();
}

/// The host's copy of a weft_function. Calls destroy when its last user, call or node, is gone,
/// and only then lets go of the library.
class CustomFunction {
 public:
  explicit CustomFunction(const weft_function& given)
      : library_(current_library()),
        entry_(current_entry() != nullptr ? *current_entry() : Entry{}),
        destroy_(WEFT_HAS(&given, destroy) ? given.destroy : nullptr),
        user_(WEFT_HAS(&given, user) ? given.user : nullptr) {
    if (!WEFT_HAS(&given, backward) || given.name == nullptr || given.forward == nullptr ||
        given.backward == nullptr)
      return;  // check() says so, once the destructor is sure to run
    flags_ = given.flags;
    name_ = given.name;
    forward_ = given.forward;
    backward_ = given.backward;
  }
  ~CustomFunction() {
    if (destroy_ == nullptr) return;
    run("destroy of " + title(), [&] {
      destroy_(user_);
      return WEFT_OK;
    });
  }
  CustomFunction(const CustomFunction&) = delete;
  CustomFunction& operator=(const CustomFunction&) = delete;

  void check() const {
    if (forward_ == nullptr)
      throw Failure(WEFT_INVALID, "a custom operation needs a name, forward and backward");
  }
  const std::string& name() const { return name_; }
  bool takes_strides() const { return (flags_ & WEFT_FUNCTION_STRIDED) != 0; }
  /// "custom operation gate"
  std::string title() const { return "custom operation " + name_; }
  /// Runs one of its callbacks, which `what` names.
  template <class Callback>
  weft_status run(const std::string& what, const Callback& callback) const {
    if (entry_slot == nullptr || entry_.file == nullptr) return callback();
    // The node's name may be gone by the time of backward; file and part live with the library.
    const Entry entry{entry_.file, entry_.part, nullptr, what.c_str()};
    const EntryScope scope(entry_slot(), entry);
    return callback();
  }
  [[noreturn]] void refuse(const std::string& text) const {
    throw Failure(WEFT_INVALID, title() + ": " + text);
  }

  std::vector<at::Tensor> forward(weft_saved saved, const weft_tensor* in, std::uint32_t n_in,
                                  std::uint32_t n_out) const;
  variable_list backward(weft_saved saved, const variable_list& gradients,
                         const std::vector<std::uint8_t>& needs) const;

 private:
  std::shared_ptr<const void> library_;  // first, so that it goes last
  Entry entry_;                          // which made this operation
  void (*destroy_)(void*);
  void* user_;
  std::uint32_t flags_ = 0;
  std::string name_;
  decltype(weft_function::forward) forward_ = nullptr;
  decltype(weft_function::backward) backward_ = nullptr;
};

/// Takes over the references that a callback wrote; null becomes an undefined tensor.
std::vector<at::Tensor> adopt(const std::vector<weft_tensor>& handles) {
  std::vector<Tensor> owned;
  for (weft_tensor handle : handles) owned.push_back(Tensor::own(handle));
  std::vector<at::Tensor> tensors;
  for (const Tensor& tensor : owned) tensors.push_back(tensor ? tensor_of(tensor) : at::Tensor());
  return tensors;
}

std::vector<at::Tensor> CustomFunction::forward(weft_saved saved, const weft_tensor* in,
                                                std::uint32_t n_in, std::uint32_t n_out) const {
  const c10::NoGradGuard no_grad;
  std::vector<weft_tensor> out(n_out, nullptr);
  clear_error();
  const weft_status status = run(
      "forward of " + title(), [&] { return forward_(user_, saved, in, n_in, out.data(), n_out); });
  if (status != WEFT_OK) throw Failure(status, title() + ": " + error_text());
  return adopt(out);
}

variable_list CustomFunction::backward(weft_saved saved, const variable_list& gradients,
                                       const std::vector<std::uint8_t>& needs) const {
  std::vector<Tensor> given;
  std::vector<weft_tensor> handles;
  for (const at::Tensor& gradient : gradients) {
    // Autograd hands over expanded tensors: the gradient of a sum has stride 0.
    if (!gradient.defined())
      given.emplace_back();
    else
      given.push_back(wrap(takes_strides() ? gradient : gradient.contiguous()));
    handles.push_back(given.back().get());
  }
  std::vector<weft_tensor> out(needs.size(), nullptr);
  clear_error();
  const weft_status status = run("backward of " + title(), [&] {
    return backward_(user_, saved, handles.data(), static_cast<std::uint32_t>(handles.size()),
                     needs.data(), out.data(), static_cast<std::uint32_t>(out.size()));
  });
  if (status != WEFT_OK) throw Failure(status, "backward of " + title() + ": " + error_text());
  return adopt(out);
}

/// The graph's node of one call.
class CustomNode final : public torch::autograd::Node {
 public:
  CustomNode(std::shared_ptr<const CustomFunction> function, const std::vector<at::Tensor>& inputs,
             weft_saved_s saved)
      : Node(torch::autograd::collect_next_edges(inputs)),
        function_(std::move(function)),
        saved_(std::move(saved)) {
    for (const at::Tensor& input : inputs) input_sizes_.push_back(input.sizes().vec());
    saved_.in_forward = false;
  }

  std::string name() const override { return function_->name(); }

  void release_variables() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (SavedVariable& variable : saved_.tensors) variable.reset_data();
  }

 private:
  variable_list apply(variable_list&& gradients) override {
    if (c10::GradMode::is_enabled())
      throw Failure(WEFT_UNSUPPORTED,
                    function_->title() + " is once-differentiable: its backward is not recorded");
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::uint8_t> needs;
    for (std::size_t i = 0; i < input_sizes_.size(); ++i)
      needs.push_back(task_should_compute_output(i) ? 1 : 0);
    variable_list out = function_->backward(&saved_, gradients, needs);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (needs[i] == 0) out[i].reset();
      if (out[i].defined() && out[i].sizes() != input_sizes_[i])
        throw Failure(WEFT_INVALID,
                      concat("backward of ", function_->title(), ": the gradient of input ", i,
                             " has shape ", shape_text(out[i].sizes().vec()), ", the input has ",
                             shape_text(input_sizes_[i])));
    }
    return out;
  }

  std::shared_ptr<const CustomFunction> function_;
  std::vector<std::vector<std::int64_t>> input_sizes_;
  weft_saved_s saved_;
};

/// Refuses outputs that autograd could not tell apart from other tensors.
void check_outputs(const CustomFunction& function, const std::vector<at::Tensor>& inputs,
                   const std::vector<at::Tensor>& outputs) {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const at::Tensor& output = outputs[o];
    if (!output.defined()) function.refuse(concat("forward did not write output ", o));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (output.is_alias_of(inputs[i]))
        function.refuse(concat("output ", o, " shares memory with input ", i, ". Return a copy"));
    for (std::size_t p = 0; p < o; ++p)
      if (output.is_same(outputs[p]))
        function.refuse(concat("outputs ", p, " and ", o, " are the same tensor. Return a copy"));
    if (output.requires_grad())
      function.refuse(concat("output ", o, " has a gradient of its own. Return a new tensor"));
  }
}

std::vector<at::Tensor> read_inputs(const CustomFunction& function, const weft_tensor* in,
                                    std::uint32_t n_in) {
  std::vector<at::Tensor> inputs;
  for (std::uint32_t i = 0; i < n_in; ++i) {
    if (in == nullptr || in[i] == nullptr) function.refuse(concat("input ", i, " is null"));
    inputs.push_back(tensor_of(in[i]));
  }
  return inputs;
}

/// Makes the outputs results of a node. An output that has no derivative, a whole number, gets an
/// empty place in it.
void record(std::shared_ptr<const CustomFunction> function, const std::vector<at::Tensor>& inputs,
            weft_saved_s saved, const std::vector<at::Tensor>& outputs) {
  const std::shared_ptr<CustomNode> node(
      new CustomNode(std::move(function), inputs, std::move(saved)), torch::autograd::deleteNode);
  for (const at::Tensor& output : outputs) {
    if (torch::autograd::isDifferentiableType(output.scalar_type()))
      torch::autograd::set_history(output, node);
    else
      node->add_input_metadata(torch::autograd::Node::undefined_input());
  }
}

weft_status custom(const weft_function* given, const weft_tensor* in, std::uint32_t n_in,
                   weft_tensor* out, std::uint32_t n_out) {
  std::string title = "a custom operation";
  return guarded([&] { return title; },
                 [&] {
                   if (given == nullptr)
                     throw Failure(WEFT_INVALID, "a custom operation needs a description");
                   const auto function = std::make_shared<const CustomFunction>(*given);
                   function->check();
                   title = function->title();
                   if (out == nullptr && n_out > 0) function->refuse("out is null");
                   const std::vector<at::Tensor> inputs = read_inputs(*function, in, n_in);
                   weft_saved_s saved;
                   const std::vector<at::Tensor> outputs =
                       function->forward(&saved, in, n_in, n_out);
                   check_outputs(*function, inputs, outputs);
                   if (torch::autograd::compute_requires_grad(inputs))
                     record(function, inputs, std::move(saved), outputs);
                   for (std::uint32_t i = 0; i < n_out; ++i) out[i] = new_handle(outputs[i]);
                 });
}

weft_status save(weft_saved saved, const weft_tensor* tensors, std::uint32_t n) {
  return guarded([] { return "grad.save"; },
                 [&] {
                   if (saved == nullptr || !saved->in_forward)
                     throw Failure(WEFT_INVALID, "grad.save: allowed within forward only");
                   if (saved->is_filled) throw Failure(WEFT_INVALID, "grad.save: called twice");
                   std::vector<SavedVariable> kept;
                   for (std::uint32_t i = 0; i < n; ++i) {
                     if (tensors == nullptr || tensors[i] == nullptr)
                       throw Failure(WEFT_INVALID, concat("grad.save: tensor ", i, " is null"));
                     // tensor_data() shares the memory and the count of changes, but not the
                     // graph: saving an output itself would make a node that owns itself.
                     kept.emplace_back(tensor_of(tensors[i]).tensor_data(), /*is_output=*/false);
                   }
                   saved->tensors = std::move(kept);
                   saved->is_filled = true;
                 });
}

weft_status unpack(weft_saved saved, std::uint32_t i, weft_tensor* out) {
  return guarded([&] { return concat("grad.saved(", i, ")"); },
                 [&] {
                   if (saved == nullptr || saved->in_forward)
                     throw Failure(WEFT_INVALID, "grad.saved: allowed within backward only");
                   if (out == nullptr) throw Failure(WEFT_INVALID, "grad.saved: out is null");
                   if (i >= saved->tensors.size())
                     throw Failure(WEFT_INDEX,
                                   concat("grad.saved: asked for tensor ", i,
                                          ", but forward saved ", saved->tensors.size()));
                   *out = new_handle(saved->tensors[i].unpack());
                 });
}

std::uint32_t enabled() {
  return c10::GradMode::is_enabled() ? 1 : 0;
}

}  // namespace

void set_entry_slot(EntrySlot slot) {
  entry_slot = slot;
}

LibraryScope::LibraryScope(std::shared_ptr<const void> library)
    : outer_(std::exchange(current_library(), std::move(library))) {}

LibraryScope::~LibraryScope() {
  current_library() = std::move(outer_);
}

const weft_grad_api* grad_api() {
  static constexpr weft_grad_api table = {
      sizeof(weft_grad_api), 0, custom, save, unpack, enabled, grad_leaf, grad_enable,
      grad_gradient};
  return &table;
}

}  // namespace weft::host
