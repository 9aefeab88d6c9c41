// SPDX-License-Identifier: Apache-2.0
/// Folders of plug-ins made for one test.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/registry/registry.hpp"

namespace weft::test {

/// An empty folder, removed with all its files at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Puts a copy of doubles/<name>.so here, under another file name if one is given, and seals it;
  /// one that cannot be sealed, because it is a bad one, gets the manifest of the double "good".
  std::filesystem::path add(const std::string& name, const std::string& file_name = "");
  /// The copy as it was built, without a manifest.
  std::filesystem::path add_unsealed(const std::string& name, const std::string& file_name = "");
  /// The copy with the manifest of the double "good", without asking the file.
  std::filesystem::path add_stamped(const std::string& name);
  std::filesystem::path write(const std::string& file_name, const std::string& bytes);

 private:
  std::filesystem::path path_;
};

/// Collects the log as long as it lives.
class Log {
 public:
  Log();
  ~Log();
  std::vector<std::string> lines;
};

/// The library built by the shipped plug-in fusion.mean.
std::filesystem::path fusion_mean();

std::string read_file(const std::filesystem::path& file);

/// Writes a text into the manifest note of a plug-in, true or not.
void stamp(const std::filesystem::path& file, const std::string& manifest);
/// The manifest text of the double "good".
const std::string& good_manifest();

/// True while the process has the file mapped.
bool is_mapped(const std::filesystem::path& file);

}  // namespace weft::test
