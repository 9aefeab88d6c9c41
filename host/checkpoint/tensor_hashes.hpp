// SPDX-License-Identifier: Apache-2.0
/// A hash of each tensor in a file of a checkpoint. That of the whole file says whether anything is
/// damaged, these say what.

#pragma once

#include <map>
#include <string>

#include "host/base/array.hpp"
#include "host/base/open_folder.hpp"

namespace weft::host {

/// XXH3-128 of each tensor's bytes, by its name.
using TensorHashes = std::map<std::string, std::string>;

/// Of files of a checkpoint.
struct FileHashes {
  std::map<std::string, std::string> files;     ///< file → XXH3-128
  std::map<std::string, TensorHashes> tensors;  ///< by file; versions before 0.10 wrote none
};

TensorHashes tensor_hashes(const std::map<std::string, Array>& tensors);

/// Reads a file of a checkpoint.
/// @param xxh3    of the whole file
/// @param hashes  of its tensors; empty where a version before 0.10 wrote none
/// @throws std::invalid_argument saying that the file is missing, or damaged, and which tensors are
std::map<std::string, Array> read_tensors(const OpenFolder& folder, const std::string& file,
                                          const std::string& xxh3, const TensorHashes& hashes);

}  // namespace weft::host
