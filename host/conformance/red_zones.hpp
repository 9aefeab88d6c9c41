// SPDX-License-Identifier: Apache-2.0
/// Memory that tells when it was written past.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

/// Memory with guard bytes on both sides.
class RedZones {
 public:
  /// A copy of the array with guards around it; of one without bytes, its elements are undefined.
  Array surround(const Array& array);
  /// Which array was written past, in words; empty: none.
  std::string broken() const;

 private:
  struct Zone {
    std::vector<std::int64_t> sizes;
    DType dtype;
    std::size_t bytes;
    std::shared_ptr<std::byte> all;
  };
  std::vector<Zone> zones_;
};

}  // namespace weft::host
