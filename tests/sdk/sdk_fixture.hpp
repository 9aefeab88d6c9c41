// SPDX-License-Identifier: Apache-2.0
/// Runs functions of the SDK's headers in the test's own process, on the engine's tables, as the
/// loader of a plug-in would set them up.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <weft/ops.hpp>

#include <functional>
#include <string>
#include <vector>

#include "host/engine/tensor.hpp"

namespace weft::test {

/// Sets the host's tables and resolves the operations that the test program names.
class SdkTest : public ::testing::Test {
 protected:
  SdkTest();
};

Tensor doubles(const std::vector<double>& values, Sizes sizes);
Tensor ints(const std::vector<std::int64_t>& values, Sizes sizes);
Tensor flags(const std::vector<int>& values, Sizes sizes);
/// Normal numbers, float64; the same for the same seed.
Tensor normals(Sizes sizes, std::uint64_t seed);

/// The elements, whatever their type, row by row.
std::vector<double> numbers(const Tensor& tensor);

/// Sizes equal, and each element within `tolerance`.
void expect_tensor(const Tensor& actual, const std::vector<double>& values, const Sizes& sizes,
                   double tolerance = 1e-12);

/// The text of the Error that `body` must throw.
std::string refusal(const std::function<void()>& body);

/// The derivative of a fixed weighted sum of f's result with respect to every element of every
/// input against central differences.
void expect_gradients(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                      const std::vector<Tensor>& inputs, double tolerance = 1e-7);

}  // namespace weft::test
