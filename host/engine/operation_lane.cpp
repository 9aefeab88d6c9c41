// SPDX-License-Identifier: Apache-2.0
/// The typed lane: operations called without boxing.

#include <ATen/ops/add.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/permute.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/select.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/transpose.h>

#include <cmath>
#include <initializer_list>
#include <optional>

#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/operation.hpp"

namespace weft::host {
namespace {

struct Input {
  const char* name;
  weft_tensor handle;
  bool optional = false;
};

std::string describe_lane(const char* name, std::initializer_list<Input> inputs) {
  std::string text;
  for (const Input& input : inputs)
    text += concat(text.empty() ? "" : ", ", input.name, " ",
                   input.handle != nullptr ? describe(tensor_of(input.handle)) : "none");
  return concat(name, "(", text, ")");
}

/// Checks the handles, runs the operation and hands its result over.
template <class Body>
weft_status run(const char* name, std::initializer_list<Input> inputs, weft_tensor* out,
                const Body& body) {
  return guarded([&] { return describe_lane(name, inputs); },
                 [&] {
                   for (const Input& input : inputs)
                     if (input.handle == nullptr && !input.optional)
                       throw Failure(WEFT_INVALID, concat(name, ": ", input.name, " is null"));
                   if (out == nullptr) throw Failure(WEFT_INVALID, concat(name, ": out is null"));
                   *out = new_handle(body());
                 });
}

at::IntArrayRef list(const char* name, const std::int64_t* values, std::uint32_t count) {
  if (values == nullptr && count > 0)
    throw Failure(WEFT_INVALID, concat(name, ": a list of ", count, " is null"));
  return {values, count};
}

std::optional<at::Tensor> optional(weft_tensor handle) {
  return handle != nullptr ? std::optional<at::Tensor>(tensor_of(handle)) : std::nullopt;
}

bool is_whole(const at::Tensor& tensor) {
  return at::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
}

/// Whole tensors refuse a factor that is a float, even 1.0.
at::Scalar factor(const at::Tensor& a, const at::Tensor& b, double scale) {
  const bool whole = is_whole(a) && is_whole(b) && std::trunc(scale) == scale &&
                     std::abs(scale) < 9007199254740992.0;  // 2⁵³
  return whole ? at::Scalar(static_cast<std::int64_t>(scale)) : at::Scalar(scale);
}

}  // namespace

weft_status OperationLane::add(weft_tensor a, weft_tensor b, double scale, weft_tensor* out) {
  return run("aten::add", {{"a", a}, {"b", b}}, out, [&] {
    return at::add(tensor_of(a), tensor_of(b), factor(tensor_of(a), tensor_of(b), scale));
  });
}

weft_status OperationLane::mul(weft_tensor a, weft_tensor b, weft_tensor* out) {
  return run("aten::mul", {{"a", a}, {"b", b}}, out,
             [&] { return at::mul(tensor_of(a), tensor_of(b)); });
}

weft_status OperationLane::linear(weft_tensor x, weft_tensor weight, weft_tensor bias,
                                  weft_tensor* out) {
  return run("aten::linear", {{"x", x}, {"weight", weight}, {"bias", bias, true}}, out,
             [&] { return at::linear(tensor_of(x), tensor_of(weight), optional(bias)); });
}

weft_status OperationLane::matmul(weft_tensor a, weft_tensor b, weft_tensor* out) {
  return run("aten::matmul", {{"a", a}, {"b", b}}, out,
             [&] { return at::matmul(tensor_of(a), tensor_of(b)); });
}

weft_status OperationLane::layer_norm(weft_tensor x, const std::int64_t* shape, std::uint32_t ndim,
                                      weft_tensor weight, weft_tensor bias, double eps,
                                      weft_tensor* out) {
  return run("aten::layer_norm", {{"x", x}, {"weight", weight, true}, {"bias", bias, true}}, out,
             [&] {
               return at::layer_norm(tensor_of(x), list("aten::layer_norm", shape, ndim),
                                     optional(weight), optional(bias), eps);
             });
}

weft_status OperationLane::reshape(weft_tensor x, const std::int64_t* sizes, std::uint32_t ndim,
                                   weft_tensor* out) {
  return run("aten::reshape", {{"x", x}}, out,
             [&] { return at::reshape(tensor_of(x), list("aten::reshape", sizes, ndim)); });
}

weft_status OperationLane::permute(weft_tensor x, const std::int64_t* axes, std::uint32_t ndim,
                                   weft_tensor* out) {
  return run("aten::permute", {{"x", x}}, out,
             [&] { return at::permute(tensor_of(x), list("aten::permute", axes, ndim)); });
}

weft_status OperationLane::transpose(weft_tensor x, std::int64_t axis_a, std::int64_t axis_b,
                                     weft_tensor* out) {
  return run("aten::transpose", {{"x", x}}, out,
             [&] { return at::transpose(tensor_of(x), axis_a, axis_b); });
}

weft_status OperationLane::select(weft_tensor x, std::int64_t axis, std::int64_t index,
                                  weft_tensor* out) {
  return run("aten::select", {{"x", x}}, out,
             [&] { return at::select(tensor_of(x), axis, index); });
}

weft_status OperationLane::sum(weft_tensor x, const std::int64_t* axes, std::uint32_t n_axes,
                               std::uint32_t keep, weft_tensor* out) {
  return run("aten::sum", {{"x", x}}, out,
             [&] { return at::sum(tensor_of(x), list("aten::sum", axes, n_axes), keep != 0); });
}

weft_status OperationLane::cat(const weft_tensor* xs, std::uint32_t n, std::int64_t axis,
                               weft_tensor* out) {
  std::vector<at::Tensor> tensors;
  const auto place = [&] {
    std::vector<std::string> words;
    for (const at::Tensor& tensor : tensors) words.push_back(describe(tensor));
    return "aten::cat({" + enumerate(words) + "})";
  };
  return guarded(place, [&] {
    if (out == nullptr) throw Failure(WEFT_INVALID, "aten::cat: out is null");
    if (xs == nullptr && n > 0) throw Failure(WEFT_INVALID, "aten::cat: xs is null");
    for (std::uint32_t i = 0; i < n; ++i) {
      if (xs[i] == nullptr) throw Failure(WEFT_INVALID, concat("aten::cat: xs[", i, "] is null"));
      tensors.push_back(tensor_of(xs[i]));
    }
    *out = new_handle(at::cat(tensors, axis));
  });
}

}  // namespace weft::host
