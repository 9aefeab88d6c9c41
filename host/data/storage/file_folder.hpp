// SPDX-License-Identifier: Apache-2.0
/// Folders and tables as people have them, without packing: docs/formats/shards.md.

#pragma once

#include <optional>
#include <string>

#include "host/data/storage/folder_files.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

/// Whether a path ends in `.csv` or `.tsv`.
bool is_table(const std::string& path);

/// Before shards are read as streams. @throws Error (bad_recipe) on a folder or a table
void require_streamable(const std::string& path);

/// The `metadata.jsonl`, `metadata.csv` or `metadata.tsv` of a folder.
/// @throws Error (bad_data) when there are several
std::optional<std::string> metadata_of(const std::string& folder);

/// A folder, of one of three kinds:
/// - one with a metadata file: as read_table() or read_metadata_lines(). Files that it does not
///   name are passed over;
/// - one whose files lie in sub-folders: KEY.ext and KEY.other make a sample, KEY being the name up
///   to its last dot, and its member `cls` is the name of the sub-folder. Files beside the
///   sub-folders are passed over, unless they have an ending that occurs below: then it is of the
///   third kind;
/// - any other: the files below it as the members of a tar, KEY.ext up to the first dot.
/// Hidden files are passed over. Samples come in the byte order of their keys.
/// @throws Error (no_input) when it cannot be read; (bad_data) on a link or a device, a file above
///         256 MiB, an empty sub-folder among others that are not, no sample, or what the metadata
///         file refuses
Shard read_file_folder(const std::string& folder, const std::string& cache_folder, Damage damage,
                       Contents contents = Contents::fingerprinted);

/// A table (TableReader): each row is a sample, of which the columns are the JSON, as texts; an
/// empty cell is no value. With a column `file_name`, each row names a file below the table's
/// folder, whose bytes are the member named by its ending, and the key is the name without it.
/// Without, the key is the number of the row's line. `left_file_name` gives a member `left.png`.
/// @throws Error (bad_data) with file, line, column and remedy
Shard read_table(const std::string& path, const std::string& cache_folder, Damage damage,
                 Contents contents = Contents::fingerprinted);

/// A metadata.jsonl: each line an object with `file_name`; else as read_table(), values as they
/// are.
Shard read_metadata_lines(const std::string& path, const std::string& cache_folder, Damage damage,
                          Contents contents = Contents::fingerprinted);

}  // namespace weft::host
