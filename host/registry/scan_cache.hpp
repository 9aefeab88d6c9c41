// SPDX-License-Identifier: Apache-2.0
/// What became of the plug-in files seen before, so that a file is probed once and not at every
/// start, and the list of blocked files. Both lie in WEFT_CACHE, or in ~/.cache/weft where that is
/// not set (XDG_CACHE_HOME counts). Without a folder that can be written nothing is remembered.

#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "host/base/error.hpp"
#include "host/registry/manifest.hpp"

namespace weft::host {

/// The verdict on one file.
struct Seen {
  Exit exit = Exit::ok;
  std::string reason;  ///< why it cannot be used, a finished sentence; empty if it can
  std::string sha256;  ///< empty if the file could not be read
  Manifest manifest;
};

/// A cache of verdicts. A verdict counts as long as the file's path, device, inode, size and times
/// are what they were and the host is the same one.
class ScanCache {
 public:
  /// Reads the cache; one that is damaged or of another host is empty.
  ScanCache();
  /// Writes it if anything is new; a failure to write is no fault.
  ~ScanCache();
  ScanCache(const ScanCache&) = delete;
  ScanCache& operator=(const ScanCache&) = delete;

  /// The verdict on a file as it is now, or null.
  const Seen* find(const std::filesystem::path& file) const;
  /// @param key  what identified the file's content before it was judged
  void remember(const std::filesystem::path& file, const std::string& key, Seen seen);

 private:
  struct Entry {
    std::string key;  ///< device, inode, size, times
    Seen seen;
  };
  std::map<std::string, Entry> entries_;  ///< by absolute path
  bool changed_ = false;
};

/// Why the file with this hash is blocked; nothing if it is not.
std::optional<std::string> blocked(const std::string& sha256);
/// False if there is no folder for it.
bool block(const std::string& sha256, const std::string& reason);
/// False if it was not blocked.
bool unblock(const std::string& sha256);

/// The verdict on a file: from the cache, or by reading, vetting and probing it. The cache
/// remembers files that can be used; what a refusal depends on may change without the file.
Seen look_at(const std::filesystem::path& file, ScanCache& cache);

}  // namespace weft::host
