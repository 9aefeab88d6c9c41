// SPDX-License-Identifier: Apache-2.0
/// A folder held open, in which every name is found without following a link: what lies in a folder
/// from a stranger leads nowhere else.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// True for a name that stays in its folder and on one line: letters, digits, `.`, `_` and `-`, the
/// first a letter, a digit or `_`, at most 100 of them.
bool is_path_word(std::string_view name);

class OpenFolder {
 public:
  enum class Kind { none, file, folder, other };  ///< other: a link, a pipe, a device

  /// Links on the way to the folder itself are followed: its path is the user's.
  /// @throws Error (no_input)
  explicit OpenFolder(const std::string& path);
  OpenFolder(OpenFolder&& other) noexcept;
  OpenFolder& operator=(OpenFolder&&) = delete;
  ~OpenFolder();

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const;
  /// The file descriptor.
  int number() const { return number_; }

  Kind kind_of(const std::string& name) const;
  /// False where there is nothing of that name.
  /// @throws Error (no_input) where it is a link or anything else but a file, or a folder
  bool has_file(const std::string& name) const;
  bool has_folder(const std::string& name) const;
  /// In alphabetical order.
  std::vector<std::string> names() const;

  /// @throws Error (no_input) where there is no folder of that name
  OpenFolder folder(const std::string& name) const;
  /// Makes it where it is missing. @throws Error (cannot_create)
  OpenFolder made_folder(const std::string& name) const;

  /// Opens a regular file to be read. @return its descriptor, which the caller closes
  /// @throws Error (no_input)
  int open_file(const std::string& name) const;
  /// Opens a regular file that is written in place, made where it is missing. One that has further
  /// names elsewhere (hard links) is refused. @return its descriptor, which the caller closes
  /// @param flags  of open(2), besides those that keep links out
  /// @throws Error (cannot_create)
  int open_to_write(const std::string& name, int flags) const;

  /// Removes a file, or a link itself; nothing where nothing is.
  /// @throws Error (cannot_create), as the next two
  void remove_file(const std::string& name) const;
  /// Removes a folder and all in it; links in it are removed, not followed.
  void remove_folder(const std::string& name) const;
  /// Puts folder `from` in the place of `to`, where one may be: at no time is there none.
  void replace_folder(const std::string& from, const std::string& to) const;

  /// Makes the names in the folder (new ones, renamed, removed) survive a power cut.
  /// @throws Error (io)
  void flush() const;

 private:
  OpenFolder(std::string path, int number) : path_(std::move(path)), number_(number) {}

  std::string path_;
  int number_;
};

}  // namespace weft::host
