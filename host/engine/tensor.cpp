// SPDX-License-Identifier: Apache-2.0
#include "host/engine/tensor.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "host/base/text.hpp"
#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {

Tensor Tensor::own(weft_tensor handle) noexcept {
  Tensor tensor;
  tensor.handle_ = handle;
  return tensor;
}

Tensor Tensor::share(weft_tensor handle) {
  return own(handle != nullptr ? new_handle(tensor_of(handle)) : nullptr);
}

Tensor::Tensor(const Tensor& other) : Tensor(share(other.handle_)) {}

Tensor& Tensor::operator=(Tensor other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Tensor::~Tensor() {
  delete reinterpret_cast<at::Tensor*>(handle_);
}

std::vector<std::int64_t> Tensor::sizes() const {
  return tensor_of(handle_).sizes().vec();
}

DType Tensor::dtype() const {
  const at::ScalarType type = tensor_of(handle_).scalar_type();
  const std::uint32_t code = dtype_code(type);
  if (code == 0)
    throw Error(Exit::failed, concat("a tensor has elements of type ", toString(type),
                                     ", which Weft does not know. Convert it first."));
  return static_cast<DType>(code);
}

bool Tensor::requires_grad() const {
  return tensor_of(handle_).requires_grad();
}

namespace {

/// A tensor of the CPU over the array's memory.
at::Tensor over(const Array& array) {
  const auto keep_alive = [bytes = array.bytes](void*) mutable { bytes.reset(); };
  return at::from_blob(
      array.bytes.get(), array.sizes, keep_alive,
      at::TensorOptions().dtype(scalar_type(static_cast<std::uint32_t>(array.dtype))));
}

/// Else its numbers would be read from nowhere.
void require_held(const Tensor& tensor) {
  const at::Tensor& one = tensor_of(tensor);
  if (one.numel() == 0 || !one.has_storage() || one.storage().nbytes() > 0) return;
  throw Error(Exit::failed,
              concat(describe(one),
                     " is kept by another rank, which parallel.shard asks for, and was read "
                     "without being fetched. This is a fault of Weft: report it."));
}

}  // namespace

Tensor from_array(const Array& array) {
  return checked("making a tensor", [&] { return wrap(sent_to_device(over(array))); });
}

Array to_array(const Tensor& tensor) {
  return checked("copying a tensor", [&] {
    require_held(tensor);
    const c10::NoGradGuard no_grad;
    Array array = Array::empty(tensor.dtype(), tensor.sizes());
    over(array).copy_(tensor_of(tensor));
    return array;
  });
}

double item(const Tensor& tensor) {
  return checked("reading a scalar", [&] { return tensor_of(tensor).item().toDouble(); });
}

std::vector<double> items(const std::vector<Tensor>& tensors) {
  return checked("reading scalars", [&] {
    if (tensors.empty()) return std::vector<double>{};
    std::vector<at::Tensor> scalars;
    for (const Tensor& tensor : tensors)
      scalars.push_back(tensor_of(tensor).detach().reshape({}).to(at::kDouble));
    const at::Tensor values = at::stack(scalars).cpu();
    const double* const first = values.const_data_ptr<double>();
    return std::vector<double>(first, first + values.numel());
  });
}

bool is_finite(const Tensor& tensor) {
  return checked("looking for infinities",
                 [&] { return at::isfinite(tensor_of(tensor).detach()).all().item().toBool(); });
}

Tensor add(const Tensor& a, const Tensor& b) {
  return checked("adding", [&] { return wrap(at::add(tensor_of(a), tensor_of(b))); });
}

Tensor scaled(const Tensor& tensor, double factor) {
  return checked("scaling", [&] { return wrap(at::mul(tensor_of(tensor), factor)); });
}

Tensor sum_of_products(const Tensor& a, const Tensor& b) {
  return checked("a sum of products",
                 [&] { return wrap(at::mul(tensor_of(a), tensor_of(b)).sum()); });
}

Tensor detach(const Tensor& tensor) {
  return checked("detaching", [&] { return wrap(tensor_of(tensor).detach()); });
}

Tensor copied(const Tensor& tensor) {
  return checked("copying a tensor", [&] { return wrap(tensor_of(tensor).detach().clone()); });
}

Tensor taken_rows(const Tensor& tensor, const std::vector<std::int64_t>& rows) {
  return checked("taking rows", [&] {
    const at::Tensor& all = tensor_of(tensor);
    const at::Tensor index = at::tensor(rows, at::TensorOptions().dtype(at::kLong));
    return wrap(at::index_select(all, 0, index.to(all.device())));
  });
}

void move_towards(const Tensor& a, const Tensor& b, double weight) {
  checked("averaging", [&] {
    const c10::NoGradGuard no_grad;
    at::Tensor moved = tensor_of(a);
    moved.lerp_(tensor_of(b), weight);
  });
}

void copy_into(const Tensor& parameter, const Array& values) {
  checked("overwriting a tensor", [&] {
    const c10::NoGradGuard no_grad;
    if (parameter.sizes() != values.sizes || parameter.dtype() != values.dtype)
      throw Error(Exit::bad_checkpoint,
                  concat("expected ", describe(tensor_of(parameter)), ", found ",
                         dtype_name(values.dtype), shape_text(values.sizes)));
    require_held(parameter);
    tensor_of(parameter.get()).copy_(over(values));
  });
}

}  // namespace weft::host
