// SPDX-License-Identifier: Apache-2.0
/// Shards, of three sorts (docs/formats/shards.md): plain tar files, compressed tar files, and
/// folders of files with an index of JSON lines. A shard is a list of samples; where its members
/// lie is known once it is open, their bytes are read when they are asked for. Nothing is ever
/// unpacked to disk, and the name of a tar member serves only as a key.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/data_file.hpp"

namespace weft::host {

/// Members larger than this are refused, before memory is asked for.
inline constexpr std::size_t k_largest_member = std::size_t{256} << 20;

/// A compressed tar that expands to more than this many times its size is not data but an attack.
/// The first bytes are free: a small file of equal texts may well shrink further.
inline constexpr std::int64_t k_largest_ratio = 200;
inline constexpr std::int64_t k_free_of_ratio = 1 << 20;

/// A file that members lie in, as it was when its shard was opened.
struct MemberFile {
  std::string folder;  ///< where `name` is looked up, and which it may not leave; empty for a path
  std::string name;
  FileStamp stamp;
};

/// Where the bytes of a member are.
struct MemberPlace {
  std::shared_ptr<const MemberFile> file;  ///< null where `bytes` are all there is
  std::int64_t offset = 0, size = 0;       ///< inside the file
  Bytes bytes;

  /// @throws Error (bad_data) when the file is gone or has changed since the shard was opened
  Bytes read() const;
};

struct Sample {
  std::string key;  ///< the name up to the first dot after the last slash
  std::map<std::string, MemberPlace> members;  ///< by what follows that dot: `png`, `wav`, `json`
};

struct Shard {
  std::string name;             ///< the file's name without its folder, for messages
  std::vector<Sample> samples;  ///< in the order of their first members, or of the index's lines
  std::string fingerprint;      ///< XXH3-128 of the file; of a folder: of its index and its files

  /// `digits-qa-train-000.tar, sample 3-jackson-12`: how a message begins.
  std::string place(std::size_t sample) const { return name + ", sample " + samples[sample].key; }
};

/// Opens a shard: an index of JSON lines when the name ends in `.jsonl`, else a tar file, plain or
/// compressed by gzip or Zstandard.
/// @param cache_folder  where is kept what a second opening need not find out again: where the
///                      members of a plain tar lie, and the fingerprints; empty to keep nothing
/// @throws Error (no_input) when there is no such file; (bad_data) when it is no shard, is cut off,
///         holds links, devices or sparse files, one member twice, one that is too large, or no
///         sample; when it is compressed more than 200 to 1; when an index names a file that is not
///         there or not inside its folder
Shard read_shard(const std::string& path, const std::string& cache_folder = "");

/// The bytes as text.
inline std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The sorts of shards, each in a file of its own. As read_shard().
Shard read_tar(const std::string& path, const std::string& cache_folder);
Shard read_folder(const std::string& index, const std::string& cache_folder);

}  // namespace weft::host
