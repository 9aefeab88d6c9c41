// SPDX-License-Identifier: Apache-2.0
/// A folder of files KEY.ext without an index.

#pragma once

#include <string>
#include <string_view>

#include "host/data/storage/shard.hpp"

namespace weft::host {

/// What a path begins with that names such a folder as a shard: for tools that look at data, since
/// a recipe's paths are absolute.
inline constexpr std::string_view k_loose_files = "files:";

/// All files below the folder that are a sample's (is_sample_file), samples in the byte order of
/// their keys. The fingerprint covers names, sizes and times.
/// @throws Error (no_input) when the folder cannot be read; (bad_data) on a link or a device, a
///         file above 256 MiB, or no sample
Shard read_loose_files(const std::string& folder);

}  // namespace weft::host
