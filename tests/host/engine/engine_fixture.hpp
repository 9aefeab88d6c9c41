// SPDX-License-Identifier: Apache-2.0
/// What the engine's tests share. They use the tables as a plug-in would, and no LibTorch header.

#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

using Sizes = std::vector<std::int64_t>;

/// This thread's error record, in the place of host/registry's.
struct ErrorRecord {
  weft_status code = WEFT_OK;
  std::string text;
};
ErrorRecord& error_record();

/// Gives the engine that record.
class EngineTest : public ::testing::Test {
 protected:
  EngineTest();

  const weft_tensor_api& tensor_table_ = *tensor_api();
  const weft_op_api& op_ = *op_api();
  const weft_grad_api& grad_ = *grad_api();
};

Tensor floats(const std::vector<float>& values, Sizes sizes);
Tensor doubles(const std::vector<double>& values, Sizes sizes);
/// Normal numbers; the same for the same seed.
Tensor random_tensor(Sizes sizes, std::uint64_t seed, DType dtype = DType::float32);

/// The elements as doubles; the tensor must be float32 or float64.
std::vector<double> values_of(const Tensor& tensor);
/// Whether type, shape and every bit are equal.
::testing::AssertionResult equal_bits(const Tensor& a, const Tensor& b);

weft_value none();
weft_value value(const Tensor& tensor);
weft_value value(std::int64_t number);
weft_value value(double number);
weft_value value(bool truth);
weft_value value(const char* text);
weft_value value(weft_generator generator);
weft_value dtype_value(std::int64_t dtype);
/// The list must live until the call.
weft_value value(const Sizes& list);
weft_value value(const std::vector<weft_tensor>& list);

/// Looks an operation up; an ADD_FAILURE if that fails.
weft_op find_op(const char* name, const char* overload = "");
using Named = std::vector<weft_named_value>;
/// Calls an operation that returns one tensor; an ADD_FAILURE with the error's text if it fails.
Tensor call(weft_op op, const std::vector<weft_value>& args, const Named& named = {});
/// Calls one that must fail, and gives its status and sentence.
ErrorRecord refusal(weft_op op, const std::vector<weft_value>& args, const Named& named = {},
                    std::uint32_t n_results = 1);

}  // namespace weft::host
