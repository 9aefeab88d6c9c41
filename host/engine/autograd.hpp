// SPDX-License-Identifier: Apache-2.0
/// Backpropagation and what is done with gradients before an optimiser sees them.

#pragma once

#include <functional>
#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// Switches the recording of operations on or off for this thread, and back when it dies. A new
/// thread starts with recording on.
class WEFT_ENGINE_API GradMode {
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool outer_;
};

/// Whether operations of this thread are recorded.
WEFT_ENGINE_API bool is_recording();

/// Adds the derivative of `scalar` to the gradient of every trainable parameter it depends on, and
/// frees the recorded graph.
/// @throws Error: failed for a tensor that is no scalar or depends on no parameter, plugin when a
///         custom operation's backward fails
WEFT_ENGINE_API void backward(const Tensor& scalar);

/// The same from several tensors of any shape, given the derivative of what is sought with respect
/// to each; an absent one stands for 1, of a scalar. Tensors that depend on no parameter are passed
/// over.
WEFT_ENGINE_API void backward(const std::vector<Tensor>& tensors,
                              const std::vector<Tensor>& derivatives);

/// The derivatives of `scalar` with respect to `tensors`, which are left without gradients; none
/// where it does not depend on a tensor. The recorded graph is kept.
/// @param differentiable  the derivatives are recorded too, so that they can be differentiated
/// @throws Error as backward() does
WEFT_ENGINE_API std::vector<Tensor> derivatives(const Tensor& scalar,
                                                const std::vector<Tensor>& tensors,
                                                bool differentiable);

/// The parameter's gradient, not a copy; none if backward() never reached it.
WEFT_ENGINE_API Tensor gradient(const Tensor& parameter);

/// Forgets the gradients: parameters then have none, which is not the same as zeros.
WEFT_ENGINE_API void clear_gradients(const std::vector<Tensor>& parameters);

/// Multiplies every gradient that there is.
WEFT_ENGINE_API void scale_gradients(const std::vector<Tensor>& parameters, double factor);

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm = √Σg² runs over all of
/// them together. With max_norm <= 0, or a norm that is not finite, gradients stay as they are.
/// @param complete  where other ranks have the gradients of some parameters: gets the norm of each
///                  parameter's gradient, -1 where there is none, and puts in those of the others
/// @return the norm before scaling
WEFT_ENGINE_API double clip_gradients(
    const std::vector<Tensor>& parameters, double max_norm,
    const std::function<void(std::vector<double>& norms)>& complete = {});

}  // namespace weft::host
