// SPDX-License-Identifier: Apache-2.0
/// A plug-in as a file: vetted, hashed and read, and nothing of it run.

#pragma once

#include <filesystem>
#include <string>

#include "host/registry/elf.hpp"
#include "host/registry/manifest.hpp"

namespace weft::host {

struct PluginFile {
  std::filesystem::path path;
  std::string sha256;  ///< of the whole file, 64 hexadecimal digits
  SharedObject object;
  std::string manifest;  ///< the text in its note; empty: it was never sealed

  /// The file's name, which begins every sentence about it.
  std::string name() const { return path.filename().string(); }
};

/// Reads the file once and checks, in this order: that it is there and a regular file; that nobody
/// else can write it (its owner is the user, root or named by WEFT_PLUGIN_OWNERS, a list of user
/// ids with colons; neither it nor its folder is open to everyone); that it is a whole ELF library
/// for this processor; that it exports the entry of this host's ABI.
/// @throws Error saying what is wrong and what to do
PluginFile read_plugin_file(const std::filesystem::path& file);

/// The first library that the file needs and a host need not have; "" if there is none. The C and
/// C++ run-time libraries and the loader are there everywhere.
std::string foreign_library(const SharedObject& object);

/// The manifest of a file, checked against this host: ABI, tier and LibTorch version.
/// @throws Error also if the file was never sealed
Manifest checked_manifest(const PluginFile& file);

/// Writes the manifest into the file's note, after a probe has told it. The file is replaced by
/// rename: whoever has it open keeps the old one.
/// @throws Error if it has no note, too little room, needs a foreign library without being of tier
///         torch-full, or is no good plug-in
void seal(const std::filesystem::path& file, const SealFacts& facts);

/// What changes when a file is replaced or written: device, inode, size and times. Empty if there
/// is no such file.
std::string file_key(const std::filesystem::path& file);

/// SHA-256 of a file as 64 hexadecimal digits. Throws Error if it cannot be read.
std::string sha256(const std::filesystem::path& file);

}  // namespace weft::host
