// SPDX-License-Identifier: Apache-2.0
/// The memory of batches, used again and again: a stream takes as much as its batches that are
/// alive at once, however long it runs, and no batch waits for the system to clear pages.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

class BatchMemory {
 public:
  /// @param most  arrays of one size that are kept for later while nobody uses them
  explicit BatchMemory(std::size_t most);

  /// As Array::empty(), in memory of the same size that was used before where there is some. The
  /// array may outlive this. [any thread]
  Array empty(DType dtype, const std::vector<std::int64_t>& sizes);

 private:
  struct Kept;
  std::shared_ptr<Kept> kept_;
};

}  // namespace weft::host
