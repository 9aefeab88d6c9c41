// SPDX-License-Identifier: Apache-2.0
#include "host/data/batch/batch_memory.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace weft::host {
namespace {

/// Smaller arrays the allocator keeps by itself.
constexpr std::size_t k_least_bytes = std::size_t{1} << 20;

}  // namespace

struct BatchMemory::Pieces {
  std::size_t most = 0;
  std::mutex mutex;
  std::map<std::size_t, std::vector<Array>> free;  ///< by bytes
};

BatchMemory::BatchMemory(std::size_t most) : pieces_(std::make_shared<Pieces>()) {
  pieces_->most = most;
}

Array BatchMemory::empty(DType dtype, const std::vector<std::int64_t>& sizes) {
  Array array{dtype, sizes, nullptr};
  const std::size_t bytes = array.byte_count();
  if (bytes < k_least_bytes) return Array::empty(dtype, sizes);
  Array piece;
  {
    const std::lock_guard lock(pieces_->mutex);
    std::vector<Array>& free = pieces_->free[bytes];
    free.reserve(pieces_->most);  // Giving back must not fail.
    if (!free.empty()) {
      piece = std::move(free.back());
      free.pop_back();
    }
  }
  if (!piece.bytes) piece = Array::empty(dtype, sizes);
  std::byte* const begin = piece.bytes.get();
  array.bytes = std::shared_ptr<std::byte>(
      begin, [piece = std::move(piece), bytes, owner = std::weak_ptr(pieces_)](std::byte*) mutable {
        const std::shared_ptr<Pieces> pieces = owner.lock();
        if (!pieces) return;
        const std::lock_guard lock(pieces->mutex);
        std::vector<Array>& free = pieces->free[bytes];
        if (free.size() < pieces->most) free.push_back(std::move(piece));
      });
  return array;
}

}  // namespace weft::host
