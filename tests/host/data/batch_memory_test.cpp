// SPDX-License-Identifier: Apache-2.0
#include "host/data/batch_memory.hpp"

#include <gtest/gtest.h>

namespace weft::host {
namespace {

const std::vector<std::int64_t> k_sizes = {4, 100, 100};

TEST(BatchMemory, WhatNobodyUsesIsUsedAgain) {
  BatchMemory memory(2);
  Array first = memory.empty(DType::float32, k_sizes);
  const std::byte* const place = first.bytes.get();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % 64, 0U);
  EXPECT_EQ(first.sizes, k_sizes);
  Array copy = first;
  first = {};
  EXPECT_NE(memory.empty(DType::float32, k_sizes).bytes.get(), place) << "a copy holds it";
  copy = {};
  EXPECT_EQ(memory.empty(DType::int32, k_sizes).bytes.get(), place) << "of the same size in bytes";
}

TEST(BatchMemory, NoMoreIsKeptThanWasAskedFor) {
  BatchMemory memory(1);
  Array first = memory.empty(DType::float32, k_sizes),
        other = memory.empty(DType::float32, k_sizes);
  const std::weak_ptr<std::byte> alive = first.bytes;
  const std::byte* const place = other.bytes.get();
  other = {};
  first = {};
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(memory.empty(DType::float32, k_sizes).bytes.get(), place);
}

TEST(BatchMemory, AnArrayMayOutliveIt) {
  Array array;
  {
    BatchMemory memory(2);
    array = memory.empty(DType::float32, k_sizes);
  }
  array.data<float>()[array.count() - 1] = 1;
  EXPECT_EQ(array.data<float>()[array.count() - 1], 1);
}

}  // namespace
}  // namespace weft::host
