// SPDX-License-Identifier: Apache-2.0
/// Memory of batches that were used, for those to come: the system hands out large pieces anew,
/// page by page and cleared, which costs a fifth of the time of small pictures.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

/// Gives arrays whose memory comes back when the last copy of them ends. It keeps what was in use
/// at once, and at most `most` pieces of a size; it may end before its arrays. [any thread]
class BatchMemory {
 public:
  explicit BatchMemory(std::size_t most);

  /// As Array::empty(); small arrays are the allocator's.
  Array empty(DType dtype, const std::vector<std::int64_t>& sizes);

 private:
  struct Pieces;
  std::shared_ptr<Pieces> pieces_;
};

}  // namespace weft::host
