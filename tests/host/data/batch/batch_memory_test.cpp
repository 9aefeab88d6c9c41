// SPDX-License-Identifier: Apache-2.0
#include "host/data/batch/batch_memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <thread>

namespace weft::host {
namespace {

constexpr std::int64_t k_large = 1 << 18;  // float32: 1 MiB

TEST(BatchMemory, WhatWasUsedIsUsedAgain) {
  BatchMemory memory(2);
  std::optional<Array> array = memory.empty(DType::float32, {2, k_large});
  EXPECT_EQ(array->sizes, (std::vector<std::int64_t>{2, k_large}));
  const std::byte* const piece = array->bytes.get();
  Array copy = *array;
  array.reset();
  // A copy still holds it.
  EXPECT_NE(memory.empty(DType::float32, {2, k_large}).bytes.get(), piece);
  copy = {};
  EXPECT_EQ(memory.empty(DType::float32, {2, k_large}).bytes.get(), piece);
}

TEST(BatchMemory, APieceComesBackFromAnotherThreadAndInAnotherForm) {
  BatchMemory memory(1);
  const std::byte* piece = nullptr;
  {
    Array array = memory.empty(DType::float32, {k_large});
    piece = array.bytes.get();
    std::jthread([array = std::move(array)] {});
  }
  const Array again = memory.empty(DType::int64, {k_large / 4, 2});
  EXPECT_EQ(again.bytes.get(), piece);
  EXPECT_EQ(again.dtype, DType::int64);
  EXPECT_EQ(again.sizes, (std::vector<std::int64_t>{k_large / 4, 2}));
}

TEST(BatchMemory, ArraysOutliveIt) {
  std::optional<BatchMemory> memory(1);
  Array array = memory->empty(DType::float32, {k_large});
  memory.reset();
  std::memset(array.bytes.get(), 1, array.byte_count());
  array = {};
}

TEST(BatchMemory, OnlySoManyPiecesAreKept) {
  BatchMemory memory(1);
  Array first = memory.empty(DType::float32, {k_large});
  Array second = memory.empty(DType::float32, {k_large});
  const std::byte* const kept = first.bytes.get();
  first = {};
  second = {};  // no room
  first = memory.empty(DType::float32, {k_large});
  EXPECT_EQ(first.bytes.get(), kept);
}

}  // namespace
}  // namespace weft::host
