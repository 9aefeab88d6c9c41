// SPDX-License-Identifier: Apache-2.0
/// Whole files on disk: read with their size known beforehand, written so that a crash or a full
/// disk leaves the old file or the new one, never a mixture.

#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// What a file's content is recognised by.
struct FileDigest {
  std::uint64_t bytes = 0;
  std::string xxh3;  ///< XXH3-128, 32 hexadecimal digits: finds damage, does not prove origin

  bool operator==(const FileDigest&) const = default;
};

/// The digest of bytes that come in pieces.
class DigestSum {
 public:
  DigestSum();
  void add(const void* bytes, std::size_t count);
  FileDigest digest() const;

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };

  std::unique_ptr<XXH3_state_t, Free> state_;
  std::uint64_t bytes_ = 0;
};

/// A regular file, read from front to back.
class InputFile {
 public:
  /// @throws Error (no_input) if there is no such file or it is a folder, a device or a pipe
  explicit InputFile(std::string path);
  /// The file of that name in a folder, not behind a link.
  InputFile(const OpenFolder& folder, const std::string& name);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  /// In bytes, when the file was opened.
  std::uint64_t size() const { return size_; }
  /// The next `count` bytes.
  /// @throws Error (io) if reading fails or the file has become shorter meanwhile
  void read(void* bytes, std::size_t count);

 private:
  std::string path_;
  int number_;  ///< the file descriptor
  std::uint64_t size_ = 0;
};

/// The whole content. @throws Error (bad_checkpoint) if it is longer than `most` bytes
std::string read_text(InputFile& file, std::size_t most);
std::string read_text(const std::string& path, std::size_t most);
/// Of what is left to read.
FileDigest digest_of(InputFile& file);
FileDigest digest_of(const std::string& path);

/// A file in the making. It is written beside its place under the name `PATH.tmp`; finish() moves
/// it there. Left without finish(), it is removed and what was at PATH before stays. A link that
/// lies at either place is replaced and not followed.
class OutputFile {
 public:
  /// @throws Error (cannot_create)
  explicit OutputFile(const std::string& path);
  /// A file of that name in a folder, which outlives this.
  OutputFile(const OpenFolder& folder, const std::string& name);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// @throws Error (io), as finish()
  void write(const void* bytes, std::size_t count);
  /// Returns when the file is on the disk under its name.
  FileDigest finish();

 private:
  OutputFile(int folder, std::string name, std::string path);
  [[noreturn]] void fail(const char* doing) const;

  int folder_;        ///< the descriptor in which name_ is found
  std::string name_;  ///< relative to it
  std::string path_;  ///< for sentences
  int number_;
  DigestSum sum_;
};

FileDigest write_text(const std::string& path, std::string_view text);
FileDigest write_text(const OpenFolder& folder, const std::string& name, std::string_view text);

}  // namespace weft::host
