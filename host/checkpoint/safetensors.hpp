// SPDX-License-Identifier: Apache-2.0
/// Tensors in a file, in the safetensors format (docs/formats/checkpoint.md, byte by byte).

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {

struct TensorFile {
  std::map<std::string, Array> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a whole file. Stricter than the reference implementation: overlaps, holes, duplicate keys,
/// trailing bytes and booleans other than 0 and 1 are refused. The layout is checked against the
/// file's size before memory is taken. Element types that Weft does not compute with become the
/// next wider one, exactly: I8, I16 and U16 int32, U32 and U64 int64, F8_E5M2 and F8_E4M3 float32.
/// Those below a byte, scales (F8_E8M0), complex numbers and FNUZ variants are not read.
/// @throws Error (no_input) if there is no such file; (io) if reading fails; (bad_checkpoint) for a
///   file that breaks a rule, naming the file, the tensor, what was expected and what was found
TensorFile read_safetensors(InputFile& file);
TensorFile read_safetensors(const std::string& path);

/// Tensor → sizes: the header is read and checked, and nothing else. @throws as read_safetensors()
std::map<std::string, std::vector<std::int64_t>> safetensors_shapes(const std::string& path);

/// Writes a file that appears under its name whole or not at all. Equal content gives equal bytes,
/// those that the reference implementation writes.
/// REQUIRES: names and metadata are UTF-8; no tensor is called `__metadata__`.
/// @returns size and hash of what was written
/// @throws Error (cannot_create) or (io)
FileDigest write_safetensors(OutputFile& output, const TensorFile& file);
FileDigest write_safetensors(const std::string& path, const TensorFile& file);

/// Of the file that write_safetensors() would write.
FileDigest digest_of(const TensorFile& file);

}  // namespace weft::host
