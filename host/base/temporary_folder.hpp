// SPDX-License-Identifier: Apache-2.0
/// A folder for what is needed for a while.

#pragma once

#include <filesystem>
#include <string>

namespace weft::host {

/// A new folder where temporary files lie. It goes, with all that is in it, when this does.
class TemporaryFolder {
 public:
  /// @param name  that its own begins with
  /// @throws Error (cannot_create)
  explicit TemporaryFolder(const std::string& name);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace weft::host
