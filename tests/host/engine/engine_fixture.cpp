// SPDX-License-Identifier: Apache-2.0
#include "tests/host/engine/engine_fixture.hpp"

#include <algorithm>

namespace weft::host {
namespace {

void error_set(weft_status code, const char* text, std::uint64_t length) {
  error_record() = {code, std::string(text, length)};
}

const char* error_text_of_record() {
  return error_record().text.c_str();
}

}  // namespace

ErrorRecord& error_record() {
  static thread_local ErrorRecord record;
  return record;
}

EngineTest::EngineTest() {
  static const weft_core_api core = [] {
    weft_core_api table{};
    table.size = sizeof table;
    table.error_set = error_set;
    table.error_text = error_text_of_record;
    return table;
  }();
  set_error_sink(&core);
  error_record() = {};
}

Tensor floats(const std::vector<float>& values, Sizes sizes) {
  return from_array(Array::of(values, std::move(sizes)));
}

Tensor doubles(const std::vector<double>& values, Sizes sizes) {
  return from_array(Array::of(values, std::move(sizes)));
}

Tensor random_tensor(Sizes sizes, std::uint64_t seed, DType dtype) {
  weft_parameter normal{};
  normal.size = sizeof normal;
  normal.sizes = sizes.data();
  normal.ndim = static_cast<std::uint32_t>(sizes.size());
  normal.init = WEFT_INIT_NORMAL;
  normal.b = 1.0;
  return make_parameter(normal, "random", seed, dtype, false);
}

std::vector<double> values_of(const Tensor& tensor) {
  const Array array = to_array(tensor);
  std::vector<double> values;
  for (std::int64_t i = 0; i < array.count(); ++i)
    values.push_back(array.dtype == DType::float64 ? array.data<double>()[i]
                                                   : array.data<float>()[i]);
  return values;
}

::testing::AssertionResult equal_bits(const Tensor& a, const Tensor& b) {
  if (!a || !b) return ::testing::AssertionFailure() << "a tensor is missing";
  const Array left = to_array(a);
  const Array right = to_array(b);
  if (left.dtype != right.dtype || left.sizes != right.sizes)
    return ::testing::AssertionFailure() << "types or shapes differ";
  if (std::memcmp(left.bytes.get(), right.bytes.get(), left.byte_count()) != 0)
    return ::testing::AssertionFailure() << "bits differ";
  return ::testing::AssertionSuccess();
}

weft_value none() {
  return {};
}

weft_value value(const Tensor& tensor) {
  weft_value out{};
  out.tag = WEFT_VALUE_TENSOR;
  out.u.t = tensor.get();
  return out;
}

weft_value value(std::int64_t number) {
  weft_value out{};
  out.tag = WEFT_VALUE_INT;
  out.u.i = number;
  return out;
}

weft_value value(double number) {
  weft_value out{};
  out.tag = WEFT_VALUE_DOUBLE;
  out.u.d = number;
  return out;
}

weft_value value(bool truth) {
  weft_value out{};
  out.tag = WEFT_VALUE_BOOL;
  out.u.i = truth ? 1 : 0;
  return out;
}

weft_value value(const char* text) {
  weft_value out{};
  out.tag = WEFT_VALUE_STRING;
  out.len = static_cast<std::uint32_t>(std::strlen(text));
  out.u.s = text;
  return out;
}

weft_value value(weft_generator generator) {
  weft_value out{};
  out.tag = WEFT_VALUE_GENERATOR;
  out.u.g = generator;
  return out;
}

weft_value dtype_value(std::int64_t dtype) {
  weft_value out{};
  out.tag = WEFT_VALUE_DTYPE;
  out.u.i = dtype;
  return out;
}

weft_value value(const Sizes& list) {
  weft_value out{};
  out.tag = WEFT_VALUE_INT_LIST;
  out.len = static_cast<std::uint32_t>(list.size());
  out.u.il = list.data();
  return out;
}

weft_value value(const std::vector<weft_tensor>& list) {
  weft_value out{};
  out.tag = WEFT_VALUE_TENSOR_LIST;
  out.len = static_cast<std::uint32_t>(list.size());
  out.u.tl = list.data();
  return out;
}

weft_op find_op(const char* name, const char* overload) {
  weft_op op = nullptr;
  if (op_api()->lookup(name, overload, nullptr, &op) != WEFT_OK)
    ADD_FAILURE() << error_record().text;
  return op;
}

Tensor call(weft_op op, const std::vector<weft_value>& args, const Named& named) {
  weft_value result{};
  const weft_status status =
      op_api()->call(op, args.data(), static_cast<std::uint32_t>(args.size()), named.data(),
                     static_cast<std::uint32_t>(named.size()), &result, 1);
  if (status != WEFT_OK) ADD_FAILURE() << error_record().text;
  return status == WEFT_OK ? Tensor::own(result.u.t) : Tensor();
}

ErrorRecord refusal(weft_op op, const std::vector<weft_value>& args, const Named& named,
                    std::uint32_t n_results) {
  std::vector<weft_value> results(std::max(1u, n_results));
  results[0].tag = 77;  // must stay: outputs are untouched on failure
  const weft_status status =
      op_api()->call(op, args.data(), static_cast<std::uint32_t>(args.size()), named.data(),
                     static_cast<std::uint32_t>(named.size()), results.data(), n_results);
  EXPECT_NE(status, WEFT_OK);
  EXPECT_EQ(status, error_record().code);
  EXPECT_EQ(results[0].tag, 77u);
  return error_record();
}

}  // namespace weft::host
