// SPDX-License-Identifier: Apache-2.0
/// Finds a shard's samples by their keys while the shard is read.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "host/data/storage/shard.hpp"

namespace weft::host {

/// A hash table of numbers of samples: the keys themselves lie in the shard alone, so that it takes
/// 6 to 16 bytes for each sample.
class KeyIndex {
 public:
  /// The number of the sample with this key among those that were added.
  std::optional<std::size_t> find(const Shard& shard, std::string_view key) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t found = slots_[slot_of(shard, key)];
    return found == k_free ? std::nullopt : std::optional<std::size_t>(found);
  }

  /// Adds the shard's last sample, whose key is none of those before.
  void add(const Shard& shard) {
    if (3 * shard.size() > 2 * slots_.size()) {
      slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), k_free);
      for (std::size_t i = 0; i + 1 < shard.size(); ++i) put(shard, i);
    }
    put(shard, shard.size() - 1);
  }

 private:
  static constexpr std::uint32_t k_free = 0xffffffff;

  void put(const Shard& shard, std::size_t sample) {
    slots_[slot_of(shard, shard.key(sample))] = static_cast<std::uint32_t>(sample);
  }

  /// Where the key stands, or would.
  std::size_t slot_of(const Shard& shard, std::string_view key) const {
    const std::size_t last = slots_.size() - 1;  // their number is a power of two
    std::size_t slot = std::hash<std::string_view>()(key) & last;
    while (slots_[slot] != k_free && shard.key(slots_[slot]) != key) slot = (slot + 1) & last;
    return slot;
  }

  std::vector<std::uint32_t> slots_;
};

}  // namespace weft::host
