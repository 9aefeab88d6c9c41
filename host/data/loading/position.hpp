// SPDX-License-Identifier: Apache-2.0
/// Where a training stream is, for checkpoints.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace weft::host {

/// A place in an endless training stream.
struct Position {
  std::int64_t taken = 0;  ///< examples that all ranks together have taken

  // In a part that is streamed, where the run of examples begins that are shuffled among
  // themselves, and how many of them are taken; else 0.
  std::int64_t epoch = 0;
  std::int64_t shard = 0;    ///< how many shards of the epoch were read before
  std::int64_t example = 0;  ///< in that shard
  std::int64_t offset = 0;   ///< in the run

  bool operator==(const Position&) const = default;
};

/// For checkpoints.
std::map<std::string, std::int64_t> numbers_of(const Position& position);
/// Nothing where `taken` is missing.
std::optional<Position> position_of(const std::map<std::string, std::int64_t>& numbers);

/// Which of several processes that train together this is.
struct Rank {
  std::int64_t number = 0, of = 1;
};

}  // namespace weft::host
