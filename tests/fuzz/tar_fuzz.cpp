// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a shard, read as training reads it. The mutator mends the
/// checksums of headers, or none that was changed would be read.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "host/base/error.hpp"
#include "host/data/storage/shard.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

constexpr std::size_t k_block = 512, k_checksum = 148, k_checksum_size = 8, k_magic = 257;
/// What a compressed tar may expand to whatever its size: the free part, and a buffer.
constexpr std::size_t k_free = weft::host::k_free_of_ratio + (1 << 18);

void mend_checksum(std::uint8_t* header) {
  unsigned sum = k_checksum_size * ' ';
  for (std::size_t i = 0; i < k_block; ++i) {
    if (i < k_checksum || i >= k_checksum + k_checksum_size) sum += header[i];
  }
  char octal[k_checksum_size];
  std::snprintf(octal, sizeof octal, "%06o", sum);
  std::memcpy(header + k_checksum, octal, sizeof octal);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t room);

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size,
                                               std::size_t room, unsigned seed) {
  size = LLVMFuzzerMutate(bytes, size, room);
  if (seed % 16 == 0) return size;  // one in sixteen stays broken
  for (std::size_t at = 0; at + k_block <= size; at += k_block) {
    if (std::memcmp(bytes + at + k_magic, "ustar", 5) == 0) mend_checksum(bytes + at);
  }
  return size;
}

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const weft::fuzz::MemoryFile file;
  file.hold(bytes, size);
  std::optional<weft::host::Shard> shard;
  try {
    shard = weft::host::read_shard(file.path());
  } catch (const weft::host::Error& error) {
    if (error.what()[0] == '\0') std::abort();
    return 0;
  }
  // What is listed can be read: an error from here on ends the target.
  std::size_t held = 0;
  for (std::size_t i = 0; i < shard->size(); ++i) {
    for (const std::string& member : shard->members(i)) held += shard->read(i, member).size();
  }
  if (shard->size() == 0) std::abort();
  const bool is_compressed = size > 0 && (bytes[0] == 0x1f || bytes[0] == 0x28);
  if (!is_compressed && held > size) std::abort();  // no more than the file holds
  if (held > k_free + weft::host::k_largest_ratio * (size + 1)) std::abort();
  return 0;
}
