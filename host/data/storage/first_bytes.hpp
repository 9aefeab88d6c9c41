// SPDX-License-Identifier: Apache-2.0
/// What a file is by its first bytes: the one table of formats, read or not.

#pragma once

#include <string_view>

namespace weft::host {

enum class FormatSort {
  compressed,  ///< a file behind a compression; its name is "bzip2 data"
  archive,     ///< holds files
  media,       ///< a picture, a recording, a video
  document,    ///< something else that a sample might hold
  table,       ///< rows
  tar,         ///< the format of shards
  pointer,     ///< stands for a file that is elsewhere
  page,        ///< what a server answers instead of a file
};

struct FileFormat {
  std::string_view mark;
  std::size_t at;         ///< where the mark stands
  std::string_view name;  ///< "a GIF", "an AIFF recording", "a ZIP archive", "bzip2 data"
  FormatSort sort;
};

/// @param head  the first bytes: the marks lie within 512
/// @return      null for bytes that are nothing known
const FileFormat* format_of(std::string_view head);

}  // namespace weft::host
