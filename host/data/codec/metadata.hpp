// SPDX-License-Identifier: Apache-2.0
/// Metadata that say nothing of how a file is decoded: covers, texts, EXIF, attachments. FFmpeg
/// would keep several copies of them, or many times what they are, and compare each text with all
/// others.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// Bytes that FFmpeg reads in place of a file's own.
struct Change {
  static constexpr std::size_t k_most = 7;

  std::size_t at = 0;
  std::uint8_t size = 0;
  std::array<char, k_most> bytes{};
};

/// Changes of a file, one behind the other.
class Changes {
 public:
  /// @param bytes  at most 14
  void add(std::size_t at, std::string_view bytes);

  /// Brings those in order, once all are there.
  void sort();

  /// Puts them into a part of the file that begins at `from`.
  void apply(std::size_t from, std::span<std::uint8_t> part) const;

 private:
  std::vector<Change> changes_;
};

/// What FFmpeg must read otherwise to pass over: the EXIF of a JPEG or a WebP; a FLAC's pictures,
/// texts and cue sheets; an Ogg's texts; of an MP4 all user data but the first note of a delay
/// (iTunSMPB); a Matroska file's attachments, tags and chapters, and an index that leads to
/// anything but the parts of its segment. No byte moves. Takes time in proportion to the bytes, and
/// up to three times the memory of the metadata; other bytes stay as they are.
/// @throws Error (bad_data): a Matroska file whose metadata do not say their size (RFC 8794, 6.2)
Changes changes_of_metadata(std::span<const std::byte> bytes, const std::string& place);

/// Of an MP4 and of a Matroska file alone; used by changes_of_metadata().
void pass_over_user_data(std::string_view text, Changes& changes);
void pass_over_attachments(std::string_view text, Changes& changes, const std::string& place);

}  // namespace weft::host
