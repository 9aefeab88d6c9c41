// SPDX-License-Identifier: Apache-2.0
/// Packs files into tar shards. The same files give the same shards, byte for byte.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/storage/tar_reader.hpp"

namespace weft::host {

struct PackOptions {
  std::int64_t samples = 0;  ///< most samples of a shard; 0: any number
  std::int64_t bytes = 0;    ///< most bytes of members in a shard of several samples; 0: any number
  bool overwrite = false;    ///< whether shards that are there may be replaced
};

struct Packed {
  std::int64_t samples = 0, members = 0, bytes = 0;
  PassedOver passed_over;           ///< of a folder
  std::vector<std::string> shards;  ///< the paths, in order
};

/// Writes PREFIX-000000.tar, PREFIX-000001.tar and so on, and makes their folder.
///
/// Of a folder, all files below it that are a sample's (is_sample_file): KEY.ext and KEY.other make
/// a sample, KEY with its folders being the name up to the first dot after the last slash. Of an
/// index (docs/formats/shards.md) or a tar, its samples. Samples are sorted by key, members by
/// name, in byte order; members belong to nobody, at time 0. A shard is written beside its place
/// and moved there when it is whole; with `overwrite`, shards of an earlier and longer packing are
/// removed at the end.
/// @throws Error (no_input) when there is no such folder, index or tar; (bad_data) when it holds no
///         sample, a name that makes no key or member, a link or device, or a member above 256 MiB;
///         (cannot_create) when there is a shard already, or it cannot be made; (io)
Packed pack(const std::string& source, const std::string& prefix, const PackOptions& options);

}  // namespace weft::host
