// SPDX-License-Identifier: Apache-2.0
/// From the entries of a split in the recipe to the files of its shards.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// What an entry begins with that is the output of a command; the rest is the command.
inline constexpr std::string_view k_command = "pipe:";

inline bool is_command(const std::string& entry) {
  return entry.starts_with(k_command);
}

/// True for what can be read once, from front to back: standard input (`-`) and commands.
inline bool is_pipe(const std::string& entry) {
  return entry == "-" || is_command(entry);
}

/// The files that the entries name, in a fixed order: entry by entry; a range `{000..127}` in the
/// order of its numbers, the leftmost changing slowest; a pattern (`*`, `?`, `[a-c]`) in the byte
/// order of the names, folder by folder; a list `@FILE` in the order of its lines. A part of a path
/// that exists as it is written is taken as it is. An entry without range, pattern and list is not
/// looked at. In a command only ranges are opened out; `-` stays as it is. A file that is named
/// twice stands there twice.
/// @param entries  absolute paths, lists as `@` and an absolute path
/// @param place    the JSON pointer of the list of entries in the recipe, for messages
/// @throws Error (no_input) when a pattern matches nothing, a file of a range or list is not
///         there, or a list cannot be read or is empty; (bad_recipe) on braces that are no range,
///         an empty range, or too many files
std::vector<std::string> shard_files(const std::vector<std::string>& entries,
                                     const std::string& place);

}  // namespace weft::host
