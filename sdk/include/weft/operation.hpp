// SPDX-License-Identifier: Apache-2.0
/// Operations of the host by name: how a plug-in declares and runs one that `<weft/ops.hpp>` has no
/// function for. At namespace scope of a source:
///
///   const auto trace = weft::operation("aten::trace", "", "trace(Tensor self) -> Tensor");
///   const auto svd = weft::operation("aten::linalg_svd", "",
///       "linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None)"
///       " -> (Tensor U, Tensor S, Tensor Vh)");
///
/// and within a call:
///
///   const Tensor t = trace(x);                                       // one result
///   const auto [u, s, vh] = svd.results<3>(x, false);                // several
///   const Tensor y = gelu(x, weft::named("approximate", "tanh"));    // an argument by name
///
/// Name, overload and signature are those of LibTorch's native_functions.yaml. The host looks all
/// of them up when it loads the library, and refuses a library whose signature its LibTorch no
/// longer accepts. Arguments at the end that have defaults may be left out; those behind `*` are
/// given by name. An argument is a Tensor (absent: None), a number, a bool, a text, weft::Sizes
/// (`int[]`), a std::vector<double> (`float[]`), a std::vector<Tensor> (`Tensor[]`),
/// weft::DType{WEFT_DTYPE_…}, a generator, or nullptr for None.

#pragma once

#include <weft/tensor.hpp>

#include <array>
#include <type_traits>

namespace weft __attribute__((visibility("hidden"))) {

  /// An element type as an argument of an operation: DType{WEFT_DTYPE_FLOAT32}.
  struct DType {
    std::uint32_t code;
  };

  /// An argument that is given by name: named("approximate", "tanh"). It refers to `value`.
  template <class Value>
  struct Named {
    const char* name;
    const Value& value;
  };
  template <class Value>
  Named<Value> named(const char* name, const Value& value) {
    return {name, value};
  }

  namespace detail {

  inline std::uint32_t length(const Sizes& list) {
    return static_cast<std::uint32_t>(list.size());
  }

  // clang-format off
inline weft_value value(const Tensor& t) { weft_value v{}; v.tag = t ? WEFT_VALUE_TENSOR : WEFT_VALUE_NONE; v.u.t = t.handle(); return v; }
inline weft_value value(std::int64_t i) { weft_value v{}; v.tag = WEFT_VALUE_INT; v.u.i = i; return v; }
inline weft_value value(int i) { return value(static_cast<std::int64_t>(i)); }
inline weft_value value(double d) { weft_value v{}; v.tag = WEFT_VALUE_DOUBLE; v.u.d = d; return v; }
inline weft_value value(bool b) { weft_value v{}; v.tag = WEFT_VALUE_BOOL; v.u.i = b ? 1 : 0; return v; }
inline weft_value value(const char* s) { weft_value v{}; v.tag = WEFT_VALUE_STRING; v.len = static_cast<std::uint32_t>(std::char_traits<char>::length(s)); v.u.s = s; return v; }
inline weft_value value(const std::string& s) { return value(s.c_str()); }
inline weft_value value(std::nullptr_t) { return weft_value{}; }
inline weft_value value(const Sizes& l) { weft_value v{}; v.tag = WEFT_VALUE_INT_LIST; v.len = length(l); v.u.il = l.data(); return v; }
inline weft_value value(const std::vector<double>& l) { weft_value v{}; v.tag = WEFT_VALUE_DOUBLE_LIST; v.len = static_cast<std::uint32_t>(l.size()); v.u.dl = l.data(); return v; }
inline weft_value value(const std::vector<weft_tensor>& l) { weft_value v{}; v.tag = WEFT_VALUE_TENSOR_LIST; v.len = static_cast<std::uint32_t>(l.size()); v.u.tl = l.data(); return v; }
inline weft_value value(weft_generator g) { weft_value v{}; v.tag = WEFT_VALUE_GENERATOR; v.u.g = g; return v; }
inline weft_value value(DType d) { weft_value v{}; v.tag = WEFT_VALUE_DTYPE; v.u.i = d.code; return v; }
  // clang-format on

  /// What a value is made from: the argument itself, or for a list of tensors their handles.
  template <class T>
  const T& kept(const T& argument) {
    return argument;
  }
  template <class List = std::initializer_list<Tensor>>
  std::vector<weft_tensor> handles(const List& tensors) {
    std::vector<weft_tensor> list;
    list.reserve(tensors.size());
    for (const Tensor& tensor : tensors) list.push_back(tensor.handle());
    return list;
  }
  inline std::vector<weft_tensor> kept(const std::vector<Tensor>& tensors) {
    return handles(tensors);
  }

  template <class T>
  inline constexpr bool is_named = false;
  template <class T>
  inline constexpr bool is_named<Named<T>> = true;

  template <class T>
  void put(const T& argument, weft_value*& values, weft_named_value*&) {
    *values++ = value(argument);
  }
  template <class T>
  void put(const Named<T>& argument, weft_value*&, weft_named_value*& values) {
    *values++ = {argument.name, value(argument.value)};
  }

  /// Calls an operation; `kept` stay alive for as long.
  template <class... Kept>
  void call(weft_op operation, weft_value* results, std::uint32_t n_results, const Kept&... kept) {
    constexpr std::size_t n_named = (std::size_t{0} + ... + (is_named<Kept> ? 1 : 0));
    constexpr std::size_t n_values = sizeof...(Kept) - n_named;
    weft_value values[n_values + 1] = {};  // C++ has no arrays of length 0
    weft_named_value by_name[n_named + 1] = {};
    [[maybe_unused]] weft_value* value_at = values;
    [[maybe_unused]] weft_named_value* name_at = by_name;
    (put(kept, value_at, name_at), ...);
    check(host->op->call(operation, values, static_cast<std::uint32_t>(n_values), by_name,
                         static_cast<std::uint32_t>(n_named), results, n_results));
  }

  }  // namespace detail

  /// An operation of the host; operation() makes it. It stays where it was made for as long as the
  /// library is loaded, for the descriptor names it.
  class Operation : private weft_operation {
   public:
    Operation(const char* op_name, const char* op_overload, const char* op_schema)
        : weft_operation{
              sizeof(weft_operation), 0, first, op_name, op_overload, op_schema, &resolved_} {
      if (detail::host != nullptr)
        throw Error(WEFT_INVALID, std::string(op_name) +
                                      ": declare the operation at namespace scope. Within a "
                                      "function the host has looked up the others already.");
      first = this;
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// Runs it and gives its only result.
    /// @throws Error with the host's sentence: the operation, its arguments and what is wrong
    template <class... Args>
    Tensor operator()(const Args&... args) const {
      return std::move(results<1>(args...)[0]);
    }
    /// Runs it and gives its `count` results, also those of an operation that returns a list of
    /// tensors. A result that is None is an absent Tensor.
    template <std::size_t count, class... Args>
    std::array<Tensor, count> results(const Args&... args) const {
      weft_value values[count] = {};
      detail::call(resolved_, values, static_cast<std::uint32_t>(count), detail::kept(args)...);
      return take<count>(values);
    }

    /// The chain of all operations of the library, for its descriptor.
    inline static const weft_operation* first = nullptr;

   private:
    template <std::size_t count>
    std::array<Tensor, count> take(const weft_value (&values)[count]) const {
      std::array<Tensor, count> tensors;
      bool others = false;
      for (std::size_t i = 0; i < count; ++i) {
        if (values[i].tag == WEFT_VALUE_TENSOR)
          tensors[i] = Tensor::own(values[i].u.t);
        else
          others = others || values[i].tag != WEFT_VALUE_NONE;
      }
      if (others)
        throw Error(WEFT_TYPE, std::string(name) + " returns a number, which is no tensor");
      return tensors;
    }

    mutable weft_op resolved_ = nullptr;  // written by the host
  };

  /// Declares an operation; see the head of this file. `overload` is "" where there is one form
  /// only, and `schema` begins with name.overload.
  inline Operation operation(const char* name, const char* overload, const char* schema) {
    return {name, overload, schema};
  }

/// Declares an operation for a function of `<weft/ops.hpp>`, which runs it as WEFT_OP(tag)(…). A
/// template, so that a library declares only those that it instantiates.
#define WEFT_OPERATION(tag, name, overload, schema)               \
  namespace detail {                                              \
  struct tag {};                                                  \
  template <class Tag>                                            \
  inline const Operation operation_##tag{name, overload, schema}; \
  }
#define WEFT_OP(tag) detail::operation_##tag<detail::tag>

}  // namespace weft
