// SPDX-License-Identifier: Apache-2.0
/// Small shards, pictures and recordings made by the tests themselves.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host::test {

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return (root_ / name).string(); }

 private:
  std::filesystem::path root_;
};

/// Members in the order in which they are written; a name that ends in `/` is a folder, and one
/// that holds ` -> ` is a symbolic link.
using Members = std::vector<std::pair<std::string, std::string>>;

/// Compressed where the name ends in .gz or .zst.
void write_tar(const std::string& path, const Members& members);
/// Bytes as they are, compressed.
void write_gzip(const std::string& path, const std::string& bytes);
/// Makes the checksum of a tar's first header hold again.
void mend_header(std::string& tar);
void write_file(const std::string& path, const std::string& bytes);
/// Makes a file look as if it had been written an hour ago.
void settle(const std::string& path);
std::string read_file(const std::string& path);

/// Four bytes, most significant first.
std::string big(std::uint32_t value);
/// A PNG's chunk with its length and checksum, and zlib's form (RFC 1950) of one stored block.
std::string png_chunk(const std::string& kind, const std::string& body);
std::string zlib_stored(const std::string& bytes);

/// An uncompressed PNG of 8 bits per channel; `pixels` [height, width, channels].
std::string png(int height, int width, int channels, const std::vector<std::uint8_t>& pixels);

/// A 16-bit WAV; `samples` [count, channels].
std::string wav(int rate, int channels, const std::vector<std::int16_t>& samples);

Bytes bytes_of(const std::string& text);

/// One row of a field of a batch.
std::vector<bool> flags(const Batch& batch, const std::string& field, std::int64_t row = 0);
std::vector<std::int64_t> integers(const Batch& batch, const std::string& field,
                                   std::int64_t row = 0);

/// The exit code and the sentence of the Error that `action` throws.
std::pair<Exit, std::string> error_of(const std::function<void()>& action);

/// A shard of `count` samples `a0`, `a1`, …: a 4x4 picture and a short recording whose brightness
/// and loudness tell the sample, and JSON with `number` (the sample's), `parity`, `written` and
/// `spoken` (number modulo 3), and a list `questions` of two.
void write_numbers(const std::string& path, int count);

/// A data section over these shards with the fields picture, voice, question and parity.
/// @param shards  JSON, e.g. {"train": ["/tmp/a.tar"]}
/// @param more    further members of the section, e.g. `,"order": "sequence"`
std::string numbers_section(const std::string& shards, const std::string& more = "");

}  // namespace weft::host::test
