// SPDX-License-Identifier: Apache-2.0
/// Files that samples are read from: opened safely, recognised again, read in pieces.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::host {

using Bytes = std::vector<std::byte>;

/// What tells that a file is still the one that was seen before, without reading it.
struct FileStamp {
  std::int64_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

/// A regular file, open for reading; or the reason why there is none.
class DataFile {
 public:
  /// A path that the user named; links are followed.
  explicit DataFile(const std::string& path);

  /// A name that stands in data. It is looked up below the folder and may not leave it: neither
  /// absolute nor with `..`, and no part of it a link.
  DataFile(const std::string& folder, const std::string& name);

  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;
  ~DataFile();

  /// `cannot be opened (No such file or directory)`; empty when the file is open. What follows
  /// needs an open file.
  const std::string& problem() const { return problem_; }

  const FileStamp& stamp() const { return stamp_; }

  /// The next bytes, at most `room` of them; 0 at the end, -1 on failure with errno set.
  std::int64_t read(void* bytes, std::size_t room);

  /// All that is left.
  /// @throws std::length_error when it is more than `most` bytes; std::system_error
  Bytes read_all(std::size_t most);

  /// Fewer bytes than asked for where the file ends. Leaves the place of read() as it is.
  /// @throws std::system_error
  Bytes read_at(std::int64_t offset, std::size_t count) const;

 private:
  void look();

  int number_ = -1;
  FileStamp stamp_;
  std::string problem_;
};

}  // namespace weft::host
