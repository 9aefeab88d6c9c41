// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace weft::host {

/// A new file that is on the disk, not merely in memory, once close() has returned.
class DurableFile {
 public:
  /// @throws Error (cannot_create)
  explicit DurableFile(const std::string& path);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  /// @throws Error (io), a full disk for instance
  void write(const void* bytes, std::size_t count);
  void close();

 private:
  std::string path_;
  int descriptor_;
};

/// Writes a small file durably in the place of another: whoever reads sees the old or the new one.
void replace_file(const std::string& path, const std::string& text);

/// Makes new and renamed entries of a folder durable.
void sync_folder(const std::string& folder);

}  // namespace weft::host
