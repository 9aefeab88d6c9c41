// SPDX-License-Identifier: Apache-2.0
#include "host/base/array.hpp"

#include <gtest/gtest.h>

#include <cmath>

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

TEST(Array, ElementsAreReadWhateverTheirType) {
  EXPECT_EQ(element(Array::of<std::int64_t>({-7}, {1}), 0), -7.0);
  EXPECT_EQ(element(Array::of<float>({0.5F}, {1}), 0), 0.5);
  const auto half = [](DType dtype, std::uint16_t bits) {
    Array array = Array::empty(dtype, {1});
    array.data<std::uint16_t>()[0] = bits;
    return element(array, 0);
  };
  EXPECT_EQ(half(DType::bfloat16, 0xbfc0), -1.5);
  EXPECT_EQ(half(DType::float16, 0xbe00), -1.5);
  EXPECT_EQ(half(DType::float16, 0x0001), 0x1p-24);  // the smallest there is
  EXPECT_EQ(half(DType::float16, 0x7bff), 65504.0);
  EXPECT_EQ(half(DType::float16, 0xfc00), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(half(DType::float16, 0x7c01)));
}

}  // namespace
}  // namespace weft::test
