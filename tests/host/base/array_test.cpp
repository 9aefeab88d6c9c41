// SPDX-License-Identifier: Apache-2.0
#include "host/base/array.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace weft::test {
namespace {

using namespace weft::host;

TEST(Array, HoldsTheValuesItWasMadeFrom) {
  const Array array = Array::of<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(array.dtype, DType::float32);
  EXPECT_EQ(array.count(), 6);
  EXPECT_EQ(array.byte_count(), 24u);
  EXPECT_EQ(array.data<float>()[5], 6.0f);
}

TEST(Array, NoSizesMakeAScalarAndAZeroMakesNothing) {
  EXPECT_EQ(Array::empty(DType::int64, {}).count(), 1);
  const Array nothing = Array::empty(DType::int64, {3, 0});
  EXPECT_EQ(nothing.byte_count(), 0u);
  EXPECT_NE(nothing.bytes, nullptr);
}

TEST(Array, CopiesShareTheirBytes) {
  Array array = Array::of<std::int64_t>({1, 2}, {2});
  const Array copy = array;
  array.data<std::int64_t>()[1] = 7;
  EXPECT_EQ(copy.data<std::int64_t>()[1], 7);
}

TEST(Array, MemoryIsAligned) {
  const Array array = Array::empty(DType::uint8, {3});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.bytes.get()) % 64, 0u);
}

TEST(Array, EveryElementTypeHasASizeAndAName) {
  const std::pair<DType, std::pair<std::size_t, std::string>> known[] = {
      {DType::boolean, {1, "bool"}},    {DType::uint8, {1, "uint8"}},
      {DType::int32, {4, "int32"}},     {DType::int64, {8, "int64"}},
      {DType::float16, {2, "float16"}}, {DType::bfloat16, {2, "bfloat16"}},
      {DType::float32, {4, "float32"}}, {DType::float64, {8, "float64"}}};
  for (const auto& [dtype, facts] : known) {
    EXPECT_EQ(item_size(dtype), facts.first) << facts.second;
    EXPECT_EQ(dtype_name(dtype), facts.second);
  }
}

}  // namespace
}  // namespace weft::test
