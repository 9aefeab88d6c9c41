// SPDX-License-Identifier: Apache-2.0
#include "host/data/batch_memory.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace weft::host {
namespace {

/// Bytes; smaller ones are well kept by the C library.
constexpr std::size_t k_least = std::size_t{1} << 16;

}  // namespace

struct BatchMemory::Kept {
  using Bytes = std::shared_ptr<std::byte>;

  explicit Kept(std::size_t count) : most(count) {}

  /// Some of this size, or none.
  Bytes take(std::size_t size) {
    const std::lock_guard lock(mutex);
    std::vector<Bytes>& same = free[size];
    if (same.empty()) return nullptr;
    Bytes bytes = std::move(same.back());
    same.pop_back();
    return bytes;
  }

  void put(std::size_t size, Bytes bytes) {
    const std::lock_guard lock(mutex);
    std::vector<Bytes>& same = free[size];
    if (same.size() < most) same.push_back(std::move(bytes));
  }

  const std::size_t most;
  std::mutex mutex;
  std::map<std::size_t, std::vector<Bytes>> free;  ///< by their size
};

BatchMemory::BatchMemory(std::size_t most) : kept_(std::make_shared<Kept>(most)) {}

Array BatchMemory::empty(DType dtype, const std::vector<std::int64_t>& sizes) {
  Array array{dtype, sizes, nullptr};
  const std::size_t size = array.byte_count();
  if (size < k_least) return Array::empty(dtype, sizes);
  std::shared_ptr<std::byte> bytes = kept_->take(size);
  if (!bytes) bytes = Array::empty(dtype, sizes).bytes;
  std::byte* const first = bytes.get();
  array.bytes = {first,
                 [bytes = std::move(bytes), size, kept = std::weak_ptr(kept_)](std::byte*) mutable {
                   if (const auto place = kept.lock()) place->put(size, std::move(bytes));
                 }};
  return array;
}

}  // namespace weft::host
