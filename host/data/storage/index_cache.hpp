// SPDX-License-Identifier: Apache-2.0
/// What opening a shard found out, kept in the cache folder for the next time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/data/storage/data_file.hpp"

namespace weft::host {

/// Numbers and texts one after the other, to be taken out in the order in which they were put in.
/// One in a file is never in memory as a whole: a large shard has a large record.
class Record {
 public:
  Record() = default;
  explicit Record(std::string bytes) : bytes_(std::move(bytes)) {}

  /// What is put in goes on to `write`, piece by piece; the rest by flush().
  explicit Record(std::function<void(std::string_view)> write) : write_(std::move(write)) {}
  /// What is taken out comes from `read`, piece by piece; an empty one is the end.
  explicit Record(std::function<std::string()> read) : read_(std::move(read)) {}

  void put(std::int64_t number);
  void put(std::string_view text);
  void put(const FileStamp& stamp);

  /// @throws std::out_of_range when nothing such is left
  std::int64_t number();
  std::string text();
  FileStamp stamp();

  /// What is in memory.
  const std::string& bytes() const { return bytes_; }
  void flush();

 private:
  void add(std::string_view bytes);
  std::string_view take(std::size_t count);  ///< until the next call

  std::string bytes_;
  std::size_t taken_ = 0;
  std::function<void(std::string_view)> write_;
  std::function<std::string()> read_;
};

/// The record kept for this path; none where there is no whole one of this version.
std::optional<Record> find_kept(const std::string& cache_folder, const std::string& path);

/// Keeps what `put` puts into a record in place of the one before. The cache is a convenience:
/// where it cannot be written, nothing is kept and nothing is said.
void keep(const std::string& cache_folder, const std::string& path,
          const std::function<void(Record&)>& put);

/// False for a file that was written within the last two seconds: another write in the same tick
/// of the file system's clock would leave its stamp as it is.
bool is_settled(const FileStamp& stamp);

}  // namespace weft::host
