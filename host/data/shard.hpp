// SPDX-License-Identifier: Apache-2.0
/// WebDataset shards: tar files whose members KEY.png, KEY.wav, KEY.json … together make the
/// sample KEY. A shard is read from front to back into memory; nothing is unpacked to disk, and a
/// member's name serves only as a key.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

using Bytes = std::vector<std::byte>;

struct Sample {
  std::string key;                       ///< the name up to the first dot after the last slash
  std::map<std::string, Bytes> members;  ///< by what follows that dot: `png`, `wav`, `json`
};

struct Shard {
  std::string name;             ///< the file's name without its folder, for messages
  std::vector<Sample> samples;  ///< in the order of their first members
  std::string fingerprint;      ///< XXH3-128 of the file

  /// `digits-qa-train-000.tar, sample 3-jackson-12`: how a message begins.
  std::string place(std::size_t sample) const { return name + ", sample " + samples[sample].key; }
};

/// Members larger than this are refused, before memory is asked for.
inline constexpr std::size_t k_largest_member = std::size_t{256} << 20;

/// @throws Error (no_input) when there is no such file; (bad_data) when it is no tar file, is cut
///         off, holds links, devices or sparse files, one member twice, one that is too large, or
///         no sample
Shard read_shard(const std::string& path);

/// The bytes as text.
inline std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace weft::host
