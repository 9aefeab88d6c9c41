// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/metadata.hpp"

extern "C" {
#include <libavutil/crc.h>
}

#include <algorithm>

namespace weft::host {
namespace {

std::size_t big_endian(std::string_view text, std::size_t at, std::size_t count) {
  std::size_t value = 0;
  for (const char byte : text.substr(at, count)) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

/// FFmpeg looks for markers anywhere, so all of them are found here, too: inside a scan there are
/// none of these.
void pass_over_exif(std::string_view text, Changes& changes) {
  for (std::size_t at = 4; (at = text.find("Exif", at)) != std::string_view::npos; ++at) {
    if (text.substr(at - 4, 2) == "\xff\xe1") changes.add(at, "exif");
  }
}

void pass_over_webp_exif(std::string_view text, Changes& changes) {
  for (std::size_t at = 12; at + 8 <= text.size();) {
    std::size_t length = 0;
    for (std::size_t i = 8; i-- > 4;)
      length = length << 8 | static_cast<unsigned char>(text[at + i]);
    if (text.substr(at, 4) == "EXIF") changes.add(at, "exif");
    at += 8 + length + length % 2;
  }
}

/// Blocks become padding (RFC 9639, 8).
void pass_over_blocks(std::string_view text, Changes& changes) {
  constexpr unsigned k_padding = 1, k_texts = 4, k_cue_sheet = 5, k_picture = 6, k_last = 0x80;
  constexpr std::size_t k_least = 8;  // smaller ones hold nothing
  for (std::size_t at = 4; at + 4 <= text.size();) {
    const unsigned head = static_cast<unsigned char>(text[at]), type = head & ~k_last;
    const std::size_t size = big_endian(text, at + 1, 3);
    if (size >= k_least && (type == k_texts || type == k_cue_sheet || type == k_picture)) {
      const char padding = static_cast<char>((head & k_last) | k_padding);
      changes.add(at, {&padding, 1});
    }
    if ((head & k_last) != 0) return;
    at += 4 + size;
  }
}

constexpr std::size_t k_page_head = 27, k_page_checksum = 22, k_counts = 8;

/// Zeroes at these places of a page, and its checksum (RFC 3533, 6).
void change_page(std::string_view page, std::size_t at, const std::vector<std::size_t>& zeros,
                 Changes& changes) {
  std::string changed(page);
  std::fill_n(changed.begin() + k_page_checksum, 4, '\0');
  for (const std::size_t zero : zeros) {
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(zero), k_counts, '\0');
    changes.add(at + zero, std::string(k_counts, '\0'));
  }
  const std::uint32_t sum =
      av_crc(av_crc_get_table(AV_CRC_32_IEEE), 0,
             reinterpret_cast<const std::uint8_t*>(changed.data()), changed.size());
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(sum >> shift & 0xff);
  changes.add(at + k_page_checksum, bytes);
}

/// Where in a page packets of comments have the length of the vendor's name and the number of texts
/// (Vorbis I, 5.2.1; RFC 7845, 5.2).
std::vector<std::size_t> comments_of(std::string_view page, std::size_t segments) {
  std::vector<std::size_t> found;
  std::size_t packet = k_page_head + segments, end = packet;
  bool is_begun = (page[5] & 1) != 0;  // in the page before
  for (std::size_t i = 0; i < segments; ++i) {
    const auto size = static_cast<unsigned char>(page[k_page_head + i]);
    end += size;
    const bool is_whole = size < 255;
    if (!is_whole && i + 1 < segments) continue;
    const std::string_view head = page.substr(packet, 8);
    const std::size_t prefix = head == "OpusTags" ? 8 : head.starts_with("\x03vorbis") ? 7 : 0;
    if (!is_begun && prefix > 0 && packet + prefix + k_counts <= end)
      found.push_back(packet + prefix);
    is_begun = false;
    packet = end;
  }
  return found;
}

/// Packets of comments say that they hold none.
void pass_over_comments(std::string_view text, Changes& changes) {
  for (std::size_t at = 0; at + k_page_head <= text.size() && text.substr(at, 4) == "OggS";) {
    const auto segments = static_cast<unsigned char>(text[at + 26]);
    std::size_t size = k_page_head + segments;
    for (const char length : text.substr(at + k_page_head, segments))
      size += static_cast<unsigned char>(length);
    if (size > text.size() - at) return;
    const std::string_view page = text.substr(at, size);
    const std::vector<std::size_t> zeros = comments_of(page, segments);
    if (!zeros.empty()) change_page(page, at, zeros, changes);
    at += size;
  }
}

}  // namespace

void Changes::add(std::size_t at, std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), Change::k_most))) {
    Change change{at, static_cast<std::uint8_t>(std::min(bytes.size(), Change::k_most)), {}};
    std::copy_n(bytes.begin(), change.size, change.bytes.begin());
    changes_.push_back(change);
    at += change.size;
  }
}

void Changes::sort() {
  std::sort(changes_.begin(), changes_.end(),
            [](const Change& a, const Change& b) { return a.at < b.at; });
}

void Changes::apply(std::size_t from, std::span<std::uint8_t> part) const {
  const std::size_t begin = from - std::min(from, Change::k_most);
  auto change = std::lower_bound(changes_.begin(), changes_.end(), begin,
                                 [](const Change& a, std::size_t at) { return a.at < at; });
  for (; change != changes_.end() && change->at < from + part.size(); ++change) {
    for (std::size_t i = 0; i < change->size; ++i) {
      const std::size_t at = change->at + i;
      if (at >= from && at < from + part.size())
        part[at - from] = static_cast<std::uint8_t>(change->bytes[i]);
    }
  }
}

Changes changes_of_metadata(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Changes changes;
  if (text.starts_with("\xff\xd8")) pass_over_exif(text, changes);
  if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP")
    pass_over_webp_exif(text, changes);
  if (text.starts_with("fLaC")) pass_over_blocks(text, changes);
  if (text.starts_with("OggS")) pass_over_comments(text, changes);
  if (text.substr(0, 8).ends_with("ftyp")) pass_over_user_data(text, changes);
  if (text.starts_with("\x1a\x45\xdf\xa3")) pass_over_attachments(text, changes, place);
  changes.sort();
  return changes;
}

}  // namespace weft::host
