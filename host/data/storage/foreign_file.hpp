// SPDX-License-Identifier: Apache-2.0
/// What a file that was named as a shard and is none seems to be instead.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

struct ForeignFile {
  std::string found;   ///< `is compressed by bzip2, which is not read`
  std::string remedy;  ///< `Decompress it, or …`, without the full stop
};

/// Told by the first bytes, at best some hundred of them.
/// @param name  of the file; where its bytes are a text, its ending says which
std::optional<ForeignFile> foreign_file(std::string_view head, const std::string& name);

/// What is in a file compressed by gzip or Zstandard, of which no tar could be read.
/// @param head      the file's first bytes
/// @param is_whole  whether they are all of it
std::optional<ForeignFile> foreign_content(std::string_view head, bool is_whole,
                                           const std::string& name);

/// Whether a path ends so, in upper or lower case.
bool has_ending(std::string_view path, std::string_view ending);

}  // namespace weft::host
