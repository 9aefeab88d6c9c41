// SPDX-License-Identifier: Apache-2.0
/// Arguments and results: the schema decides what a value becomes, the value's tag what it is.

#include <algorithm>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/operation.hpp"

namespace weft::host {
namespace {

ArgumentKind list_kind(const c10::Type& element) {
  switch (element.kind()) {
    case c10::TypeKind::TensorType: return ArgumentKind::tensor_list;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return ArgumentKind::integer_list;
    case c10::TypeKind::FloatType: return ArgumentKind::real_list;
    case c10::TypeKind::BoolType: return ArgumentKind::boolean_list;
    case c10::TypeKind::OptionalType:
      return element.containedType(0)->kind() == c10::TypeKind::TensorType
                 ? ArgumentKind::optional_tensor_list
                 : ArgumentKind::fixed;
    default: return ArgumentKind::fixed;
  }
}

ArgumentKind argument_kind(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType: return ArgumentKind::tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return ArgumentKind::integer;
    case c10::TypeKind::FloatType: return ArgumentKind::real;
    case c10::TypeKind::BoolType: return ArgumentKind::boolean;
    case c10::TypeKind::NumberType: return ArgumentKind::scalar;
    case c10::TypeKind::ScalarTypeType: return ArgumentKind::dtype;
    case c10::TypeKind::StringType: return ArgumentKind::string;
    case c10::TypeKind::GeneratorType: return ArgumentKind::generator;
    case c10::TypeKind::ListType: return list_kind(*type.containedType(0));
    default: return ArgumentKind::fixed;
  }
}

ArgumentPlan plan_of(const c10::Argument& argument) {
  const c10::TypePtr& type = argument.real_type();
  const bool optional = type->kind() == c10::TypeKind::OptionalType;
  return {&argument, argument_kind(optional ? *type->containedType(0) : *type), optional,
          static_cast<std::uint32_t>(argument.N().value_or(1))};
}

const char* tag_words(std::uint32_t tag) {
  switch (tag) {
    case WEFT_VALUE_NONE: return "nothing";
    case WEFT_VALUE_TENSOR: return "a tensor";
    case WEFT_VALUE_INT: return "an integer";
    case WEFT_VALUE_DOUBLE: return "a float";
    case WEFT_VALUE_BOOL: return "a boolean";
    case WEFT_VALUE_DTYPE: return "an element type";
    case WEFT_VALUE_STRING: return "a string";
    case WEFT_VALUE_INT_LIST: return "a list of integers";
    case WEFT_VALUE_DOUBLE_LIST: return "a list of floats";
    case WEFT_VALUE_TENSOR_LIST: return "a list of tensors";
    case WEFT_VALUE_GENERATOR: return "a generator";
    default: return nullptr;
  }
}

/// Turns one value into what its argument wants.
class Conversion {
 public:
  Conversion(const weft_op_s& op, const ArgumentPlan& plan, const weft_value& value)
      : op_(op), plan_(plan), value_(value) {}

  c10::IValue run() const {
    if (value_.tag == WEFT_VALUE_NONE || is_null_reference()) {
      if (plan_.optional) return {};
      refuse(WEFT_TYPE, concat("expects ", type(), ", got nothing"));
    }
    switch (plan_.kind) {
      case ArgumentKind::tensor: expect(WEFT_VALUE_TENSOR); return tensor_of(value_.u.t);
      case ArgumentKind::integer: expect(WEFT_VALUE_INT); return value_.u.i;
      case ArgumentKind::real: return real();
      case ArgumentKind::boolean: expect(WEFT_VALUE_BOOL); return value_.u.i != 0;
      case ArgumentKind::scalar:
        if (value_.tag == WEFT_VALUE_INT) return value_.u.i;
        if (value_.tag == WEFT_VALUE_BOOL) return value_.u.i != 0;
        return real();
      case ArgumentKind::dtype: expect(WEFT_VALUE_DTYPE); return dtype();
      case ArgumentKind::string:
        expect(WEFT_VALUE_STRING);
        return std::string(elements(value_.u.s), value_.len);
      case ArgumentKind::generator: expect(WEFT_VALUE_GENERATOR); return generator_of(value_.u.g);
      case ArgumentKind::integer_list: return integers<std::int64_t>();
      case ArgumentKind::boolean_list: return integers<bool>();
      case ArgumentKind::real_list: return reals();
      case ArgumentKind::tensor_list: return tensors<at::Tensor>();
      case ArgumentKind::optional_tensor_list: return tensors<std::optional<at::Tensor>>();
      case ArgumentKind::fixed: break;
    }
    refuse(WEFT_UNSUPPORTED, concat("is of type ", type(),
                                    ", which the host chooses. Leave it out, or give nothing"));
  }

 private:
  bool is_null_reference() const {
    return (value_.tag == WEFT_VALUE_TENSOR && value_.u.t == nullptr) ||
           (value_.tag == WEFT_VALUE_GENERATOR && value_.u.g == nullptr);
  }

  std::string type() const { return plan_.argument->real_type()->str(); }

  [[noreturn]] void refuse(weft_status status, const std::string& text) const {
    throw Failure(status, concat(op_.name, ": argument \"", plan_.argument->name(), "\" ", text));
  }

  [[noreturn]] void refuse_tag() const {
    const char* words = tag_words(value_.tag);
    if (words == nullptr) refuse(WEFT_TYPE, concat("has the unknown tag ", value_.tag));
    refuse(WEFT_TYPE, concat("expects ", type(), ", got ", words));
  }

  void expect(std::uint32_t tag) const {
    if (value_.tag != tag) refuse_tag();
  }

  double real() const {
    if (value_.tag == WEFT_VALUE_INT) return static_cast<double>(value_.u.i);
    expect(WEFT_VALUE_DOUBLE);
    return value_.u.d;
  }

  at::ScalarType dtype() const {
    if (value_.u.i < WEFT_DTYPE_BOOL || value_.u.i > WEFT_DTYPE_FLOAT64)
      refuse(WEFT_TYPE, concat("names element type ", value_.u.i, ", which there is not"));
    return scalar_type(static_cast<std::uint32_t>(value_.u.i));
  }

  /// The elements of a list or string; null is allowed if there are none.
  template <class T>
  const T* elements(const T* list) const {
    if (list == nullptr && value_.len > 0)
      refuse(WEFT_INVALID, concat("has ", value_.len, " elements at a null address"));
    return list;
  }

  /// A list of integers or booleans.
  template <class T>
  c10::IValue integers() const {
    c10::List<T> list;
    if (value_.tag == WEFT_VALUE_INT_LIST) {
      const std::int64_t* from = elements(value_.u.il);
      list.reserve(value_.len);
      for (std::uint32_t i = 0; i < value_.len; ++i) list.push_back(static_cast<T>(from[i]));
      return list;
    }
    if (value_.tag != (std::is_same_v<T, bool> ? WEFT_VALUE_BOOL : WEFT_VALUE_INT)) refuse_tag();
    for (std::uint32_t i = 0; i < plan_.repeat; ++i) list.push_back(static_cast<T>(value_.u.i));
    return list;
  }

  c10::IValue reals() const {
    c10::List<double> list;
    if (value_.tag == WEFT_VALUE_DOUBLE_LIST) {
      const double* from = elements(value_.u.dl);
      for (std::uint32_t i = 0; i < value_.len; ++i) list.push_back(from[i]);
      return list;
    }
    for (std::uint32_t i = 0; i < plan_.repeat; ++i) list.push_back(real());
    return list;
  }

  template <class Element>
  c10::IValue tensors() const {
    expect(WEFT_VALUE_TENSOR_LIST);
    c10::List<Element> list;
    const weft_tensor* from = elements(value_.u.tl);
    list.reserve(value_.len);
    for (std::uint32_t i = 0; i < value_.len; ++i) {
      if (from[i] != nullptr)
        list.push_back(tensor_of(from[i]));
      else if constexpr (std::is_same_v<Element, at::Tensor>)
        refuse(WEFT_INVALID, concat("has no tensor at place ", i));
      else
        list.push_back(std::nullopt);
    }
    return list;
  }

  const weft_op_s& op_;
  const ArgumentPlan& plan_;
  const weft_value& value_;
};

/// Refuses names that the operation lacks, that come twice, or that were given by place already.
void check_names(const weft_op_s& op, const Arguments& arguments) {
  for (std::uint32_t i = 0; i < arguments.named_count; ++i) {
    const char* given = arguments.named[i].name;
    if (given == nullptr) throw Failure(WEFT_INVALID, op.name + ": a named argument has no name");
    const std::string name = given;
    std::size_t place = 0;
    while (place < op.plans.size() && op.plans[place].argument->name() != name) ++place;
    if (place == op.plans.size())
      throw Failure(WEFT_INVALID, concat(op.name, " has no argument \"", name,
                                         "\"; its signature is ", op.handle.schema()));
    bool twice = place < arguments.count;
    for (std::uint32_t j = 0; j < i; ++j) twice = twice || name == arguments.named[j].name;
    if (twice)
      throw Failure(WEFT_INVALID, concat(op.name, ": argument \"", name, "\" is given twice"));
  }
}

const weft_value* find_named(const Arguments& arguments, const std::string& name) {
  for (std::uint32_t i = 0; i < arguments.named_count; ++i)
    if (name == arguments.named[i].name) return &arguments.named[i].value;
  return nullptr;
}

/// The number of values that a result stands for: a lone list of tensors is handed over one by one.
std::uint32_t result_count(const torch::jit::Stack& stack) {
  if (stack.size() == 1 && stack.front().isTensorList())
    return static_cast<std::uint32_t>(stack.front().toTensorList().size());
  return static_cast<std::uint32_t>(stack.size());
}

bool can_be_handed_over(const c10::IValue& value) {
  return value.isTensor() || value.isInt() || value.isDouble() || value.isBool() || value.isNone();
}

weft_value new_tensor_value(at::Tensor tensor) {
  weft_value out{};
  if (!tensor.defined()) return out;
  out.tag = WEFT_VALUE_TENSOR;
  out.u.t = new_handle(std::move(tensor));
  return out;
}

weft_value new_value(const c10::IValue& value) {
  weft_value out{};
  if (value.isTensor()) return new_tensor_value(value.toTensor());
  if (value.isInt()) {
    out.tag = WEFT_VALUE_INT;
    out.u.i = value.toInt();
  } else if (value.isDouble()) {
    out.tag = WEFT_VALUE_DOUBLE;
    out.u.d = value.toDouble();
  } else if (value.isBool()) {
    out.tag = WEFT_VALUE_BOOL;
    out.u.i = value.toBool() ? 1 : 0;
  }
  return out;
}

std::string describe_value(const weft_value& value) {
  switch (value.tag) {
    case WEFT_VALUE_TENSOR: return value.u.t != nullptr ? describe(tensor_of(value.u.t)) : "none";
    case WEFT_VALUE_INT: return std::to_string(value.u.i);
    case WEFT_VALUE_DOUBLE: return number(value.u.d, "%g");
    case WEFT_VALUE_BOOL: return value.u.i != 0 ? "true" : "false";
    case WEFT_VALUE_DTYPE: return dtype_name(static_cast<DType>(value.u.i));
    case WEFT_VALUE_STRING: return "\"" + std::string(value.u.s, value.len) + "\"";
    case WEFT_VALUE_INT_LIST: return shape_text({value.u.il, value.u.il + value.len});
    case WEFT_VALUE_TENSOR_LIST: {
      std::vector<std::string> words;
      for (std::uint32_t i = 0; i < value.len; ++i)
        words.push_back(value.u.tl[i] != nullptr ? describe(tensor_of(value.u.tl[i])) : "none");
      return "{" + enumerate(words) + "}";
    }
    case WEFT_VALUE_NONE: return "none";
    default: {
      const char* words = tag_words(value.tag);
      return words != nullptr ? words : "?";
    }
  }
}

}  // namespace

void push_arguments(const weft_op_s& op, const Arguments& arguments, torch::jit::Stack& stack) {
  if (arguments.count > op.plans.size())
    throw Failure(WEFT_INVALID,
                  concat(op.name, " takes at most ", op.plans.size(), " arguments, ",
                         arguments.count, " were given; its signature is ", op.handle.schema()));
  if (arguments.named_count > 0) check_names(op, arguments);
  for (std::uint32_t i = 0; i < op.plans.size(); ++i) {
    const ArgumentPlan& plan = op.plans[i];
    const c10::Argument& argument = *plan.argument;
    if (i < arguments.count && argument.kwarg_only())
      throw Failure(WEFT_INVALID,
                    concat(op.name, ": argument \"", argument.name(), "\" must be given by name"));
    const weft_value* value =
        i < arguments.count ? &arguments.values[i] : find_named(arguments, argument.name());
    if (value != nullptr)
      stack.push_back(Conversion(op, plan, *value).run());
    else if (argument.default_value())
      stack.push_back(*argument.default_value());
    else
      throw Failure(WEFT_INVALID, concat(op.name, ": argument \"", argument.name(),
                                         "\" is missing; the signature is ", op.handle.schema()));
  }
}

void pop_results(const weft_op_s& op, const torch::jit::Stack& stack, weft_value* results,
                 std::uint32_t count) {
  if (result_count(stack) != count)
    throw Failure(WEFT_INVALID, concat(op.name, " returned ", result_count(stack), " values, ",
                                       count, " were asked for"));
  if (stack.size() == 1 && stack.front().isTensorList()) {
    const c10::List<at::Tensor> list = stack.front().toTensorList();
    for (std::uint32_t i = 0; i < count; ++i) results[i] = new_tensor_value(list.get(i));
    return;
  }
  for (const c10::IValue& value : stack)
    if (!can_be_handed_over(value))
      throw Failure(WEFT_UNSUPPORTED, concat(op.name, " returned a ", value.tagKind(),
                                             ", which cannot be handed to a plug-in"));
  for (std::uint32_t i = 0; i < count; ++i) results[i] = new_value(stack[i]);
}

std::string describe_call(const weft_op_s& op, const Arguments& arguments) {
  std::string text;
  for (std::uint32_t i = 0; i < arguments.count; ++i)
    text += concat(i > 0 ? ", " : "", op.plans[i].argument->name(), " ",
                   describe_value(arguments.values[i]));
  for (std::uint32_t i = 0; i < arguments.named_count; ++i)
    text += concat(text.empty() ? "" : ", ", arguments.named[i].name, " ",
                   describe_value(arguments.named[i].value));
  return op.name + "(" + text + ")";
}

}  // namespace weft::host

weft_op_s::weft_op_s(const c10::OperatorHandle& found)
    : handle(found), name(c10::toString(found.operator_name())) {
  for (const c10::Argument& argument : handle.schema().arguments())
    plans.push_back(weft::host::plan_of(argument));
}
