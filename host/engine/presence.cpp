// SPDX-License-Identifier: Apache-2.0
#include "host/engine/presence.hpp"

#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/zeros_like.h>

#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {

Tensor zeros_like(const Tensor& tensor) {
  return checked("making zeros", [&] { return wrap(at::zeros_like(tensor_of(tensor))); });
}

Tensor either(const Tensor& a, const Tensor& b) {
  return checked("or", [&] { return wrap(at::logical_or(tensor_of(a), tensor_of(b))); });
}

Tensor both(const Tensor& a, const Tensor& b) {
  return checked("and", [&] { return wrap(at::logical_and(tensor_of(a), tensor_of(b))); });
}

}  // namespace weft::host
