// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/plain_png.hpp"

extern "C" {
#include <libavutil/crc.h>
}

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_signature = 8;
/// Of a chunk beside its content: length, name and checksum.
constexpr std::size_t k_frame = 12;
/// Behind a chunk's length and name.
constexpr std::size_t k_name_end = 8;
constexpr int k_grey = 0, k_palette = 3;

struct Chunk {
  std::string_view name, content;
  std::size_t begin = 0, end = 0;  ///< of the whole chunk, in the file
  bool is_whole = true;
};

std::size_t number(std::string_view text, std::size_t at) {
  std::size_t value = 0;
  for (const char byte : text.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

bool tells_of_pixels(std::string_view name) {
  return name == "IHDR" || name == "PLTE" || name == "tRNS" || name == "IDAT" || name == "IEND";
}

/// The chunks up to IEND. One that is cut off has no content, and ends behind its length and name
/// if it says nothing of pixels.
std::vector<Chunk> chunks_of(std::string_view text) {
  std::vector<Chunk> chunks;
  for (std::size_t at = k_signature; at < text.size();) {
    const std::size_t left = text.size() - at, size = number(text, at);
    const std::string_view name = text.substr(std::min(at + 4, text.size()), 4);
    const bool is_whole = left >= k_frame && size <= left - k_frame;
    const std::size_t kept = tells_of_pixels(name) ? left : std::min(left, k_name_end);
    chunks.push_back({name, is_whole ? text.substr(at + 8, size) : "", at,
                      at + (is_whole ? k_frame + size : kept), is_whole});
    if (!is_whole || name == "IEND") break;
    at = chunks.back().end;
  }
  return chunks;
}

void append(std::vector<std::byte>& bytes, std::string_view text) {
  const auto* const from = reinterpret_cast<const std::byte*>(text.data());
  bytes.insert(bytes.end(), from, from + text.size());
}

void append(std::vector<std::byte>& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::byte>(value >> shift & 0xffU));
}

void append_chunk(std::vector<std::byte>& bytes, std::string_view name, std::string_view content) {
  append(bytes, static_cast<std::uint32_t>(content.size()));
  const std::size_t from = bytes.size();
  append(bytes, name);
  append(bytes, content);
  // The chunk's checksum is CRC-32, with all bits turned before and after.
  const std::uint32_t sum =
      av_crc(av_crc_get_table(AV_CRC_32_IEEE_LE), 0xffff'ffffU,
             reinterpret_cast<const std::uint8_t*>(bytes.data() + from), bytes.size() - from);
  append(bytes, sum ^ 0xffff'ffffU);
}

/// IHDR, PLTE and tRNS of a palette that is the greys of `depth` bits, one of them transparent.
void append_grey_palette(std::vector<std::byte>& bytes, std::string_view head, unsigned depth,
                         unsigned clear) {
  const unsigned count = 1U << depth;
  std::string changed(head), palette, opacity(std::min(clear + 1, count), '\xff');
  changed[9] = k_palette;
  for (unsigned i = 0; i < count; ++i) palette.append(3, static_cast<char>(i * 255 / (count - 1)));
  if (clear < count) opacity[clear] = '\0';
  append_chunk(bytes, "IHDR", changed);
  append_chunk(bytes, "PLTE", palette);
  append_chunk(bytes, "tRNS", opacity);
}

const Chunk* find(const std::vector<Chunk>& chunks, std::string_view name) {
  const auto found = std::find_if(chunks.begin(), chunks.end(),
                                  [&](const Chunk& chunk) { return chunk.name == name; });
  return found == chunks.end() ? nullptr : &*found;
}

/// A decoder must not guess at a chunk whose name begins with a capital (PNG, 5.4).
void require_known(const std::vector<Chunk>& chunks, const std::string& place) {
  const auto is_unknown = [](const Chunk& chunk) {
    const char first = chunk.name.empty() ? '\0' : chunk.name.front();
    return chunk.is_whole && first >= 'A' && first <= 'Z' && !tells_of_pixels(chunk.name);
  };
  const auto found = std::find_if(chunks.begin(), chunks.end(), is_unknown);
  if (found == chunks.end()) return;
  cannot_decode(place, concat("it is a PNG with the chunk ", shown(found->name),
                              ", which its pixels depend on and no reader of PNG knows"));
}

/// FFmpeg shows black where it cannot take the palette.
void require_palette(const std::vector<Chunk>& chunks, const std::string& place) {
  constexpr std::size_t k_most = std::size_t{256} * 3;
  const Chunk* const palette = find(chunks, "PLTE");
  if (palette == nullptr)
    cannot_decode(place, "it is a PNG of palette colours without a palette (PLTE)");
  const Chunk* const pixels = find(chunks, "IDAT");
  const std::size_t size = palette->content.size();
  if (palette->is_whole && (size == 0 || size > k_most || size % 3 != 0))
    cannot_decode(place, concat("it is a PNG whose palette (PLTE) has ", size, " bytes"));
  if (pixels != nullptr && pixels < palette)
    cannot_decode(place, "it is a PNG whose palette (PLTE) follows its pixels");
}

}  // namespace

std::optional<std::vector<std::byte>> plain_png(std::span<const std::byte> bytes,
                                                const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\x89PNG\r\n\x1a\n")) return std::nullopt;
  const std::vector<Chunk> chunks = chunks_of(text);
  if (chunks.empty() || chunks.front().name != "IHDR" || chunks.front().content.size() != 13)
    cannot_decode(place, "it is a PNG that does not begin with a whole head (IHDR)");
  const std::string_view head = chunks.front().content;
  const unsigned depth = static_cast<unsigned char>(head[8]);
  const Chunk* const clear = find(chunks, "tRNS");
  require_known(chunks, place);
  if (chunks.back().name == "IEND" && !chunks.back().content.empty())
    cannot_decode(place, "it is a PNG whose end (IEND) is not empty");
  if (head[9] == k_palette) require_palette(chunks, place);
  const bool is_low_grey = head[9] == k_grey && (depth == 1 || depth == 2 || depth == 4) &&
                           clear != nullptr && clear->content.size() == 2;
  const bool is_plain = !is_low_grey && chunks.back().end == text.size() &&
                        std::all_of(chunks.begin(), chunks.end(),
                                    [](const Chunk& chunk) { return tells_of_pixels(chunk.name); });
  if (is_plain) return std::nullopt;
  std::vector<std::byte> plain;
  plain.reserve(text.size());
  append(plain, text.substr(0, k_signature));
  if (is_low_grey) {
    const unsigned high = static_cast<unsigned char>(clear->content[0]);
    const unsigned value = high << 8U | static_cast<unsigned char>(clear->content[1]);
    append_grey_palette(plain, head, depth, value);
  }
  for (const Chunk& chunk : chunks) {
    const bool is_replaced = is_low_grey && chunk.name != "IDAT" && chunk.name != "IEND";
    if (chunk.is_whole && (!tells_of_pixels(chunk.name) || is_replaced)) continue;
    append(plain, text.substr(chunk.begin, chunk.end - chunk.begin));
  }
  return plain;
}

}  // namespace weft::host
