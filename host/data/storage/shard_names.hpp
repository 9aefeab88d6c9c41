// SPDX-License-Identifier: Apache-2.0
/// From the entries of a split in the recipe to the files of its shards.

#pragma once

#include <string>
#include <string_view>
#include <utility>
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

/// Whether a data section may run the commands that it names. A recipe is read like data; that it
/// may run programs is for the user to say.
enum class Commands {
  refused,   ///< a section that names one is an Error
  left_out,  ///< it can be opened to look at its other parts
  run,
};

/// The user's word on it, asked where a command is started: then no way of naming one goes round
/// it.
class CommandPermission {
 public:
  /// @param data  the section's name, for the message
  CommandPermission(std::string data, Commands commands)
      : data_(std::move(data)), commands_(commands) {}

  /// Before a command is started. @throws Error (usage) unless commands may be run
  void require(const std::string& entry) const;

  /// When a section is opened, so that the user learns of it at once.
  /// @throws Error (usage) on a command, where it is to be refused
  void look_at(const std::string& entry) const {
    if (is_command(entry) && commands_ == Commands::refused) require(entry);
  }

 private:
  std::string data_;
  Commands commands_;
};

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
