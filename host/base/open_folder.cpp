// SPDX-License-Identifier: Apache-2.0
#include "host/base/open_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

const char* const k_instead =
    "Nothing behind a link is read or written there: put the file or folder itself in its place, "
    "or remove it.";

/// What stands in the way of `name`, after a call that failed or found something else.
std::string obstacle(const OpenFolder& folder, const std::string& name, const char* expected,
                     int reason) {
  struct stat status {};
  if (::fstatat(folder.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(status.st_mode))
      return concat(folder.path_of(name), " is a link, expected ", expected, ". ", k_instead);
    const bool wanted = S_ISREG(status.st_mode) == (std::string_view(expected) == "a file");
    if (!wanted || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
      return concat(folder.path_of(name), " is a ",
                    S_ISDIR(status.st_mode)    ? "folder"
                    : S_ISREG(status.st_mode)  ? "file"
                    : S_ISFIFO(status.st_mode) ? "pipe"
                                               : "device or socket",
                    ", expected ", expected, ". Put one in its place, or remove it.");
  }
  return concat(folder.path_of(name), " cannot be opened: ", std::strerror(reason),
                ". Check the path and its rights.");
}

[[noreturn]] void fail(Exit exit, const OpenFolder& folder, const std::string& name,
                       const char* doing) {
  const int reason = errno;
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EIO;
  throw Error(full ? Exit::io : exit,
              concat(folder.path_of(name), " cannot be ", doing, ": ", std::strerror(reason),
                     ". Check the folder, its rights and the room on the disk."));
}

}  // namespace

bool is_path_word(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 100 && is_plain(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_plain(c) || c == '.' || c == '-'; });
}

OpenFolder::OpenFolder(const std::string& path)
    : path_(path), number_(::open(path.c_str(), k_folder_flags)) {
  if (number_ < 0)
    throw Error(Exit::no_input, concat("the folder ", path, " cannot be opened: ",
                                       std::strerror(errno), ". Check the path."));
}

OpenFolder::OpenFolder(OpenFolder&& other) noexcept
    : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}

OpenFolder::~OpenFolder() {
  if (number_ >= 0) ::close(number_);
}

std::string OpenFolder::path_of(const std::string& name) const {
  return path_.ends_with('/') ? path_ + name : path_ + "/" + name;
}

OpenFolder::Kind OpenFolder::kind_of(const std::string& name) const {
  struct stat status {};
  if (::fstatat(number_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Kind::none : Kind::other;
  return S_ISREG(status.st_mode)   ? Kind::file
         : S_ISDIR(status.st_mode) ? Kind::folder
                                   : Kind::other;
}

bool OpenFolder::has_file(const std::string& name) const {
  const Kind kind = kind_of(name);
  if (kind != Kind::none && kind != Kind::file)
    throw Error(Exit::no_input, obstacle(*this, name, "a file", errno));
  return kind == Kind::file;
}

bool OpenFolder::has_folder(const std::string& name) const {
  const Kind kind = kind_of(name);
  if (kind != Kind::none && kind != Kind::folder)
    throw Error(Exit::no_input, obstacle(*this, name, "a folder", errno));
  return kind == Kind::folder;
}

std::vector<std::string> OpenFolder::names() const {
  const int copy = ::openat(number_, ".", k_folder_flags);  // the stream has a place of its own
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy < 0 ? nullptr : ::fdopendir(copy),
                                                   &::closedir);
  if (!stream)
    throw Error(Exit::io,
                concat("the folder ", path_, " cannot be read: ", std::strerror(errno), "."));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get()))
    if (const std::string name = entry->d_name; name != "." && name != "..") names.push_back(name);
  std::ranges::sort(names);
  return names;
}

OpenFolder OpenFolder::folder(const std::string& name) const {
  const int number = ::openat(number_, name.c_str(), k_folder_flags | O_NOFOLLOW);
  if (number < 0) throw Error(Exit::no_input, obstacle(*this, name, "a folder", errno));
  return {path_of(name), number};
}

OpenFolder OpenFolder::made_folder(const std::string& name) const {
  if (::mkdirat(number_, name.c_str(), 0777) != 0 && errno != EEXIST)
    fail(Exit::cannot_create, *this, name, "made");
  const int number = ::openat(number_, name.c_str(), k_folder_flags | O_NOFOLLOW);
  if (number < 0) throw Error(Exit::cannot_create, obstacle(*this, name, "a folder", errno));
  return {path_of(name), number};
}

// O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
int OpenFolder::open_file(const std::string& name) const {
  const int number =
      ::openat(number_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status {};
  if (number >= 0 && ::fstat(number, &status) == 0 && S_ISREG(status.st_mode)) return number;
  const int reason = errno;
  if (number >= 0) ::close(number);
  throw Error(Exit::no_input, obstacle(*this, name, "a file", reason));
}

int OpenFolder::open_to_write(const std::string& name, int flags) const {
  const int number =
      ::openat(number_, name.c_str(), flags | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  struct stat status {};
  const bool is_file = number >= 0 && ::fstat(number, &status) == 0 && S_ISREG(status.st_mode);
  if (is_file && status.st_nlink <= 1) return number;
  const int reason = errno;
  if (number >= 0) ::close(number);
  throw Error(Exit::cannot_create, is_file
                                       ? concat(path_of(name),
                                                " has further names elsewhere (hard links), which "
                                                "would be written too. Replace it by a copy.")
                                       : obstacle(*this, name, "a file", reason));
}

void OpenFolder::remove_file(const std::string& name) const {
  if (::unlinkat(number_, name.c_str(), 0) != 0 && errno != ENOENT)
    fail(Exit::cannot_create, *this, name, "removed");
}

void OpenFolder::remove_folder(const std::string& name) const {
  if (kind_of(name) == Kind::none) return;
  {
    const OpenFolder inner = folder(name);
    for (const std::string& entry : inner.names())
      inner.kind_of(entry) == Kind::folder ? inner.remove_folder(entry) : inner.remove_file(entry);
  }
  if (::unlinkat(number_, name.c_str(), AT_REMOVEDIR) != 0)
    fail(Exit::cannot_create, *this, name, "removed");
}

void OpenFolder::replace_folder(const std::string& from, const std::string& to) const {
  if (kind_of(to) == Kind::folder &&
      ::renameat2(number_, from.c_str(), number_, to.c_str(), RENAME_EXCHANGE) == 0)
    return remove_folder(from);
  if (kind_of(to) == Kind::folder) remove_folder(to);  // a file system that cannot exchange
  if (::renameat(number_, from.c_str(), number_, to.c_str()) != 0)
    fail(Exit::cannot_create, *this, to, "put in its place");
}

void OpenFolder::flush() const {
  if (::fsync(number_) != 0)
    throw Error(Exit::io, concat("The folder ", path_, " cannot be written to disk: ",
                                 std::strerror(errno), ". Check the disk."));
}

}  // namespace weft::host
