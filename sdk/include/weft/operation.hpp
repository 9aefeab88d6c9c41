// SPDX-License-Identifier: Apache-2.0
/// How a plug-in names the host's operations and runs them; `ops.hpp` gives them their signatures.

#pragma once

#include <weft/tensor.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// Adds itself to the chain of operations that the descriptor publishes. Runs when the library is
  /// loaded.
  struct Operation : weft_operation {
    inline static const weft_operation* first = nullptr;
    weft_op resolved = nullptr;

    Operation(const char* op_name, const char* op_overload, const char* op_schema) noexcept {
      size = sizeof(weft_operation);
      reserved = 0;
      next = first;
      name = op_name;
      overload = op_overload;
      schema = op_schema;
      slot = &resolved;
      first = this;
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
  };

  // clang-format off
inline weft_value value(const Tensor& t) { weft_value v{}; v.tag = t ? WEFT_VALUE_TENSOR : WEFT_VALUE_NONE; v.u.t = t.handle(); return v; }
inline weft_value value(std::int64_t i) { weft_value v{}; v.tag = WEFT_VALUE_INT; v.u.i = i; return v; }
inline weft_value value(int i) { return value(static_cast<std::int64_t>(i)); }
inline weft_value value(double d) { weft_value v{}; v.tag = WEFT_VALUE_DOUBLE; v.u.d = d; return v; }
inline weft_value value(bool b) { weft_value v{}; v.tag = WEFT_VALUE_BOOL; v.u.i = b ? 1 : 0; return v; }
inline weft_value value(const char* s) { weft_value v{}; v.tag = WEFT_VALUE_STRING; v.len = static_cast<std::uint32_t>(std::char_traits<char>::length(s)); v.u.s = s; return v; }
inline weft_value value(std::nullptr_t) { return weft_value{}; }
inline weft_value value(const Sizes& l) { weft_value v{}; v.tag = WEFT_VALUE_INT_LIST; v.len = static_cast<std::uint32_t>(l.size()); v.u.il = l.data(); return v; }
inline weft_value value(weft_generator g) { weft_value v{}; v.tag = WEFT_VALUE_GENERATOR; v.u.g = g; return v; }
struct DTypeValue { std::uint32_t dtype; };
inline weft_value value(DTypeValue d) { weft_value v{}; v.tag = WEFT_VALUE_DTYPE; v.u.i = d.dtype; return v; }
  // clang-format on

  /// Runs an operation that returns one tensor.
  template <class... Args>
  Tensor run(const Operation& operation, const Args&... args) {
    const weft_value values[] = {value(args)...};
    weft_value result{};
    check(host->op->call(operation.resolved, values, static_cast<std::uint32_t>(sizeof...(args)),
                         nullptr, 0, &result, 1));
    return Tensor::own(result.u.t);
  }

  /// The same with one argument given by name.
  template <class Named, class... Args>
  Tensor run_named(const Operation& operation, const char* name, const Named& named,
                   const Args&... args) {
    const weft_value values[] = {value(args)...};
    const weft_named_value named_value{name, value(named)};
    weft_value result{};
    check(host->op->call(operation.resolved, values, static_cast<std::uint32_t>(sizeof...(args)),
                         &named_value, 1, &result, 1));
    return Tensor::own(result.u.t);
  }

  inline std::uint32_t length(const Sizes& list) {
    return static_cast<std::uint32_t>(list.size());
  }

  template <class>
  inline constexpr bool always = true;

  }  // namespace detail

/// Declares `detail::operation_<tag>`: the ATen operation of that name and overload, with its
/// schema.
#define WEFT_OPERATION(tag, name, overload, schema)         \
  namespace detail {                                        \
  struct tag {};                                            \
  template <class Tag>                                      \
  inline Operation operation_##tag{name, overload, schema}; \
  }

  // clang-format off
WEFT_OPERATION(sub, "aten::sub", "Tensor", "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(div, "aten::div", "Tensor", "div.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(add_scalar, "aten::add", "Scalar", "add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(mul_scalar, "aten::mul", "Scalar", "mul.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(rsub_scalar, "aten::rsub", "Scalar", "rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(sigmoid, "aten::sigmoid", "", "sigmoid(Tensor self) -> Tensor")
WEFT_OPERATION(tanh, "aten::tanh", "", "tanh(Tensor self) -> Tensor")
WEFT_OPERATION(relu, "aten::relu", "", "relu(Tensor self) -> Tensor")
WEFT_OPERATION(gelu, "aten::gelu", "", "gelu(Tensor self, *, str approximate='none') -> Tensor")
WEFT_OPERATION(silu, "aten::silu", "", "silu(Tensor self) -> Tensor")
WEFT_OPERATION(glu, "aten::glu", "", "glu(Tensor self, int dim=-1) -> Tensor")
WEFT_OPERATION(exp, "aten::exp", "", "exp(Tensor self) -> Tensor")
WEFT_OPERATION(log, "aten::log", "", "log(Tensor self) -> Tensor")
WEFT_OPERATION(sqrt, "aten::sqrt", "", "sqrt(Tensor self) -> Tensor")
WEFT_OPERATION(abs, "aten::abs", "", "abs(Tensor self) -> Tensor")
WEFT_OPERATION(sin, "aten::sin", "", "sin(Tensor self) -> Tensor")
WEFT_OPERATION(cos, "aten::cos", "", "cos(Tensor self) -> Tensor")
WEFT_OPERATION(softmax, "aten::softmax", "int", "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(log_softmax, "aten::log_softmax", "int", "log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(mean, "aten::mean", "dim", "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(clamp_min, "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor")
WEFT_OPERATION(clamp_max, "aten::clamp_max", "", "clamp_max(Tensor self, Scalar max) -> Tensor")
WEFT_OPERATION(argmax, "aten::argmax", "", "argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
WEFT_OPERATION(slice, "aten::slice", "Tensor", "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)")
WEFT_OPERATION(tril, "aten::tril", "", "tril(Tensor self, SymInt diagonal=0) -> Tensor")
WEFT_OPERATION(unsqueeze, "aten::unsqueeze", "", "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)")
WEFT_OPERATION(expand, "aten::expand", "", "expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)")
WEFT_OPERATION(to_dtype, "aten::to", "dtype", "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)")
WEFT_OPERATION(eq, "aten::eq", "Tensor", "eq.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(eq_scalar, "aten::eq", "Scalar", "eq.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(ne_scalar, "aten::ne", "Scalar", "ne.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(ge_scalar, "aten::ge", "Scalar", "ge.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(lt, "aten::lt", "Tensor", "lt.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(logical_and, "aten::logical_and", "", "logical_and(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(logical_or, "aten::logical_or", "", "logical_or(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(logical_not, "aten::logical_not", "", "logical_not(Tensor self) -> Tensor")
WEFT_OPERATION(where, "aten::where", "self", "where.self(Tensor condition, Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(masked_fill, "aten::masked_fill", "Scalar", "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor")
WEFT_OPERATION(gather, "aten::gather", "", "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor")
WEFT_OPERATION(cumsum, "aten::cumsum", "", "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(index_add, "aten::index_add", "", "index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(index_select, "aten::index_select", "", "index_select(Tensor self, int dim, Tensor index) -> Tensor")
WEFT_OPERATION(nonzero, "aten::nonzero", "", "nonzero(Tensor self) -> Tensor")
WEFT_OPERATION(embedding, "aten::embedding", "", "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor")
WEFT_OPERATION(conv1d, "aten::conv1d", "", "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor")
WEFT_OPERATION(conv2d, "aten::conv2d", "", "conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] dilation=1, SymInt groups=1) -> Tensor")
WEFT_OPERATION(batch_norm, "aten::batch_norm", "", "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor")
WEFT_OPERATION(group_norm, "aten::group_norm", "", "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True) -> Tensor")
WEFT_OPERATION(attention, "aten::scaled_dot_product_attention", "", "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor")
WEFT_OPERATION(full, "aten::full_like", "", "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor")
WEFT_OPERATION(bernoulli, "aten::bernoulli", "p", "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor")
WEFT_OPERATION(detach, "aten::detach", "", "detach(Tensor(a) self) -> Tensor(a)")
// clang-format on
#undef WEFT_OPERATION

}  // namespace weft
