// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/container.hpp"

extern "C" {
#include <libavutil/crc.h>
}

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {

void require_honest_boxes(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.substr(0, 8).ends_with("ftyp")) return;
  const auto number = [&](std::size_t at, int size) {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[at++]);
    return value;
  };
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    std::uint64_t size = number(at, 4);
    if (size == 1 && at + 16 <= bytes.size()) size = number(at + 8, 8);
    if (size == 0) size = bytes.size() - at;  // up to the end
    if (size < 8 || size > bytes.size() - at) cannot_decode(place, "it is cut off");
    const std::size_t end = at + static_cast<std::size_t>(size);
    const bool is_content = text.substr(at + 4, 4) == "mdat";
    for (++at; !is_content && at + 4 <= end; ++at) {
      const std::string_view name = text.substr(at, 4);
      if (name == "trun" || name == "cmov") {
        cannot_decode(place, "it is an M4A or MP4 in fragments or with a compressed head");
      }
      if ((name != "stsz" && name != "stz2") || at + 16 > end) continue;
      const std::uint64_t packets = number(at + 12, 4);
      if (packets > bytes.size()) {
        cannot_decode(place, concat("it lists ", packets, " packets in ", bytes.size(), " bytes"));
      }
    }
    at = end;
  }
}

namespace {

/// An element's size (RFC 8794, 4): the leading zeros of its first byte tell how many follow. All
/// ones stand for an unknown size.
struct ElementSize {
  std::size_t bytes = 0;  ///< that the size itself takes
  std::optional<std::uint64_t> value;
};

std::optional<ElementSize> element_size(std::span<const std::byte> bytes, std::size_t at) {
  if (at >= bytes.size()) return std::nullopt;
  const auto first = std::to_integer<std::uint8_t>(bytes[at]);
  const auto count = static_cast<std::size_t>(std::countl_zero(first)) + 1;
  if (count > 8 || count > bytes.size() - at) return std::nullopt;
  std::uint64_t value = first & (0xffU >> count);
  for (std::size_t i = 1; i < count; ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  const bool is_unknown = value == (std::uint64_t{1} << (7 * count)) - 1;
  return ElementSize{count, is_unknown ? std::nullopt : std::optional(value)};
}

/// Whether the checksum of an Ogg's page is right (RFC 3533, 6): FFmpeg passes over a page of which
/// it is not.
bool is_page_sound(std::span<const std::byte> page) {
  constexpr std::size_t k_checksum = 22, k_behind = 26;
  constexpr std::uint8_t k_none[4] = {};
  const AVCRC* const table = av_crc_get_table(AV_CRC_32_IEEE);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(page.data());
  std::uint32_t sum = av_crc(table, 0, bytes, k_checksum);
  sum = av_crc(table, sum, k_none, sizeof k_none);
  sum = av_crc(table, sum, bytes + k_behind, page.size() - k_behind);
  std::uint32_t written = 0;  // FFmpeg gives the sum's bytes in this order
  for (std::size_t i = k_checksum; i < k_behind; ++i) written = written << 8 | bytes[i];
  return sum == written;
}

}  // namespace

std::int64_t whole_ogg(std::span<const std::byte> bytes, const std::string& place) {
  constexpr std::size_t k_head = 27;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("OggS")) return 0;
  const auto number = [&](std::size_t at) { return std::to_integer<std::size_t>(bytes[at]); };
  const auto little = [&](std::size_t place_of, int size) {
    std::uint64_t value = 0;
    for (int i = size; i-- > 0;)
      value = value << 8 | number(place_of + static_cast<std::size_t>(i));
    return value;
  };
  bool is_last = false;
  int streams = 0;
  std::uint64_t position = 0, skipped = 0;
  std::size_t at = 0;
  while (at + k_head <= bytes.size() && text.substr(at, 4) == "OggS") {
    const std::size_t flags = number(at + 5), segments = number(at + 26);
    is_last = (flags & 4) != 0;
    if ((flags & 2) != 0) ++streams;
    const std::size_t content = at + k_head + segments;
    std::size_t end = content;
    for (std::size_t i = 0; i < segments && end <= bytes.size(); ++i) {
      end += number(at + k_head + i);
    }
    if (end > bytes.size()) break;
    if (!is_page_sound(bytes.subspan(at, end - at)))
      cannot_decode(place, concat("its page at byte ", at, " is damaged: its checksum is wrong"));
    constexpr std::uint64_t k_none = ~std::uint64_t{0};  // no packet ends in the page
    if (little(at + 6, 8) != k_none) position = little(at + 6, 8);
    if (text.substr(content, 8) == "OpusHead" && content + 12 <= end)
      skipped = little(content + 10, 2);
    at = end;
  }
  if (at != bytes.size() || !is_last)
    cannot_decode(place, "it is cut off, or damaged between pages");
  const bool is_one = streams == 1 && position > skipped && position < (std::uint64_t{1} << 40);
  return is_one ? static_cast<std::int64_t>(position - skipped) : 0;
}

std::span<const std::byte> behind_tags(std::span<const std::byte> bytes) {
  constexpr std::size_t k_head = 10;
  constexpr std::byte k_has_footer{0x10};
  std::span<const std::byte> rest = bytes;
  const auto begins = [&](std::string_view mark) {
    return std::string_view(reinterpret_cast<const char*>(rest.data()), rest.size())
        .starts_with(mark);
  };
  while (begins("ID3") && rest.size() > k_head) {
    std::size_t size = 0;
    for (std::size_t i = 6; i < k_head; ++i) {  // of seven bits each
      size = size << 7 | std::to_integer<std::size_t>(rest[i] & std::byte{0x7f});
    }
    size += (rest[5] & k_has_footer) != std::byte{0} ? 2 * k_head : k_head;
    if (size >= rest.size()) return bytes;
    rest = rest.subspan(size);
  }
  constexpr std::string_view k_tagged[] = {"\xff", "fLaC", "RIFF", "RIFX", "RF64", "BW64", "OggS"};
  return std::ranges::any_of(k_tagged, begins) ? rest : bytes;
}

void require_whole_matroska(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\x1a\x45\xdf\xa3")) return;
  const std::optional<ElementSize> head = element_size(bytes, 4);
  if (!head || !head->value || *head->value > bytes.size()) cannot_decode(place, "it is cut off");
  const std::size_t at = 4 + head->bytes + static_cast<std::size_t>(*head->value);
  const std::optional<ElementSize> segment = element_size(bytes, at + 4);
  if (!segment) cannot_decode(place, "it is cut off");
  const std::size_t held = bytes.size() - at - 4 - segment->bytes;
  if (segment->value && *segment->value > held) {
    cannot_decode(place, concat("it is cut off after ", held, " of ", *segment->value, " bytes"));
  }
}

}  // namespace weft::host
