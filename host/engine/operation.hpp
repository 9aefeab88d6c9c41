// SPDX-License-Identifier: Apache-2.0
/// A resolved operation, and how arguments of the ABI become LibTorch's. Internal to host/engine.

#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <weft/abi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weft::host {

/// What an argument accepts, read from its schema once.
enum class ArgumentKind : std::uint8_t {
  tensor,
  integer,
  real,
  boolean,
  scalar,  ///< an integer, real or boolean
  dtype,
  string,
  generator,
  integer_list,
  real_list,
  boolean_list,
  tensor_list,
  optional_tensor_list,  ///< null stands for an absent tensor
  fixed,                 ///< device, layout and the like, which plug-ins leave to the host
};

struct ArgumentPlan {
  const c10::Argument* argument;
  ArgumentKind kind;
  bool optional;
  std::uint32_t repeat;  ///< how long a list becomes that is given as one number
};

/// The arguments of one call, as the plug-in gave them.
struct Arguments {
  const weft_value* values;
  std::uint32_t count;
  const weft_named_value* named;
  std::uint32_t named_count;
};

}  // namespace weft::host

/// What a weft_op points to.
struct weft_op_s {
  explicit weft_op_s(const c10::OperatorHandle& found);

  c10::OperatorHandle handle;
  std::string name;  ///< "aten::softmax.int"
  std::vector<weft::host::ArgumentPlan> plans;
  bool is_bernoulli = name == "aten::bernoulli.p";
};

namespace weft::host {

/// Pushes one value for each argument of the schema: given by place, given by name, or its default.
/// @throws Failure naming the operation and the argument that does not fit
void push_arguments(const weft_op_s& op, const Arguments& arguments, torch::jit::Stack& stack);

/// Writes the results of a call.
/// @throws Failure if their number or types cannot be handed over; nothing is written then
void pop_results(const weft_op_s& op, const torch::jit::Stack& stack, weft_value* results,
                 std::uint32_t count);

/// "aten::add.Tensor(self float32[2], other float32[3], alpha 2)", for messages. Must only see
/// arguments that push_arguments() accepted.
std::string describe_call(const weft_op_s& op, const Arguments& arguments);

/// The typed lane, for op_api().
struct OperationLane {
  static weft_status add(weft_tensor a, weft_tensor b, double scale, weft_tensor* out);
  static weft_status mul(weft_tensor a, weft_tensor b, weft_tensor* out);
  static weft_status linear(weft_tensor x, weft_tensor weight, weft_tensor bias, weft_tensor* out);
  static weft_status matmul(weft_tensor a, weft_tensor b, weft_tensor* out);
  static weft_status layer_norm(weft_tensor x, const std::int64_t* shape, std::uint32_t ndim,
                                weft_tensor weight, weft_tensor bias, double eps, weft_tensor* out);
  static weft_status reshape(weft_tensor x, const std::int64_t* sizes, std::uint32_t ndim,
                             weft_tensor* out);
  static weft_status permute(weft_tensor x, const std::int64_t* axes, std::uint32_t ndim,
                             weft_tensor* out);
  static weft_status transpose(weft_tensor x, std::int64_t axis_a, std::int64_t axis_b,
                               weft_tensor* out);
  static weft_status select(weft_tensor x, std::int64_t axis, std::int64_t index, weft_tensor* out);
  static weft_status sum(weft_tensor x, const std::int64_t* axes, std::uint32_t n_axes,
                         std::uint32_t keep, weft_tensor* out);
  static weft_status cat(const weft_tensor* xs, std::uint32_t n, std::int64_t axis,
                         weft_tensor* out);
};

}  // namespace weft::host
