// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/red_zones.hpp"

#include <algorithm>
#include <cstring>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr std::size_t guard_bytes = 256;
constexpr std::byte guard_byte{0xa5};

}  // namespace

Array RedZones::surround(const Array& array) {
  const std::size_t bytes = array.byte_count();
  const Array all =
      Array::empty(DType::uint8, {static_cast<std::int64_t>(bytes + 2 * guard_bytes)});
  std::memset(all.bytes.get(), static_cast<int>(guard_byte), all.byte_count());
  zones_.push_back({array.sizes, array.dtype, bytes, all.bytes});
  Array inner{array.dtype, array.sizes, {all.bytes, all.bytes.get() + guard_bytes}};
  if (array.bytes) std::memcpy(inner.bytes.get(), array.bytes.get(), bytes);
  return inner;
}

std::string RedZones::broken() const {
  const auto whole = [](const std::byte* guard) {
    return std::all_of(guard, guard + guard_bytes, [](std::byte b) { return b == guard_byte; });
  };
  for (const Zone& zone : zones_) {
    const bool before = whole(zone.all.get());
    if (before && whole(zone.all.get() + guard_bytes + zone.bytes)) continue;
    return concat(before ? "behind" : "before", " a tensor ", dtype_name(zone.dtype),
                  shape_text(zone.sizes));
  }
  return "";
}

}  // namespace weft::host
