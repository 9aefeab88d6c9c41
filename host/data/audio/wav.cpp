// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/wav.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_plain_head = 44;
constexpr std::uint32_t k_pcm = 1, k_float = 3, k_a_law = 6, k_mu_law = 7, k_extensible = 0xfffe;
/// What a program writes that does not know the length yet: SoX, speech synthesis and pipes of
/// FFmpeg. A file of 2 GiB would be refused for its size.
constexpr std::uint64_t k_placeholder = 0x7fff'0000;

struct Chunk {
  std::size_t at = 0;      ///< of its content
  std::uint64_t size = 0;  ///< as it says
};

/// What the chunk `fmt ` says.
struct Format {
  std::uint32_t tag = 0, channels = 0, rate = 0, block = 0, bits = 0;
};

/// The bytes with their numbers.
class Riff {
 public:
  Riff(std::span<const std::byte> bytes, bool is_big) : bytes_(bytes), is_big_(is_big) {}

  std::uint64_t number(std::size_t at, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = is_big_ ? at + i : at + size - 1 - i;
      value = value << 8 | std::to_integer<std::uint64_t>(bytes_[from]);
    }
    return value;
  }
  std::uint32_t word(std::size_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
  std::uint32_t half(std::size_t at) const { return static_cast<std::uint32_t>(number(at, 2)); }
  std::string_view name(std::size_t at) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, 4};
  }
  std::size_t size() const { return bytes_.size(); }
  std::span<const std::byte> part(std::size_t at, std::size_t size) const {
    return bytes_.subspan(at, size);
  }

 private:
  std::span<const std::byte> bytes_;
  bool is_big_;
};

/// Where the chunks that count lie.
struct Chunks {
  std::optional<Chunk> format, data, sizes;  ///< `fmt `, `data`, `ds64`
};

/// Whether whole chunks follow from `at` to the end of the file.
bool are_chunks(const Riff& riff, std::size_t at) {
  while (at + 8 <= riff.size()) {
    const std::uint64_t size = riff.word(at + 4);
    if (size > riff.size() - at - 8) return false;
    at += 8 + static_cast<std::size_t>(size + size % 2);
  }
  return at >= riff.size();
}

Chunks chunks_of(const Riff& riff) {
  Chunks chunks;
  for (std::size_t at = 12; at + 8 <= riff.size();) {
    const Chunk chunk{at + 8, riff.word(at + 4)};
    const std::string_view name = riff.name(at);
    if (name == "fmt " && !chunks.format) chunks.format = chunk;
    if (name == "ds64" && !chunks.sizes) chunks.sizes = chunk;
    if (name == "data" && !chunks.data) chunks.data = chunk;
    // Behind sound of open length nothing can be told from it.
    if (chunks.format && chunks.data) break;
    if (chunk.size > riff.size() - chunk.at) break;
    at = chunk.at + static_cast<std::size_t>(chunk.size + chunk.size % 2);
  }
  return chunks;
}

/// How many bytes of sound there are.
std::size_t length_of(const Riff& riff, const Chunks& chunks, const std::string& place) {
  const Chunk& data = *chunks.data;
  std::uint64_t size = data.size;
  const std::size_t held = riff.size() - data.at;
  const bool has_long_size = riff.name(0) == "RF64" || riff.name(0) == "BW64";
  if (has_long_size && size == 0xffff'ffff && chunks.sizes && chunks.sizes->size >= 16 &&
      chunks.sizes->at + 16 <= riff.size()) {
    size = riff.number(chunks.sizes->at + 8, 8);
  }
  const bool is_open = size == 0 ? !are_chunks(riff, data.at) : size >= k_placeholder;
  if (size <= held && !(size == 0 && is_open)) return static_cast<std::size_t>(size);
  if (is_open) return held;
  cannot_decode(place, concat("it is cut off after ", held, " of ", size, " bytes of sound"));
}

/// A file holds one chunk `data` (Microsoft and IBM, Multimedia Programming Interface, 1991): which
/// of several is the sound, or whether they follow each other, nothing tells.
/// @param end  of the first
void require_one_data(const Riff& riff, std::size_t end, const std::string& place) {
  for (std::size_t at = end + end % 2; at + 8 <= riff.size();) {
    const std::uint64_t size = riff.word(at + 4);
    if (riff.name(at) == "data") {
      cannot_decode(place, concat("it is a WAV file with a second chunk data, of ", size,
                                  " bytes; the format has room for one"));
    }
    if (size > riff.size() - at - 8) return;
    at += 8 + static_cast<std::size_t>(size + size % 2);
  }
}

/// The coding that a tag stands for, of those that turn up in files of this kind.
std::string coding(std::uint32_t tag) {
  static constexpr std::pair<std::uint32_t, const char*> k_names[] = {{0x0002, "Microsoft ADPCM"},
                                                                      {0x0011, "IMA ADPCM"},
                                                                      {0x0016, "G.723"},
                                                                      {0x0031, "GSM 6.10"},
                                                                      {0x0040, "G.721"},
                                                                      {0x0045, "G.726"},
                                                                      {0x0050, "MPEG"},
                                                                      {0x0055, "MP3"},
                                                                      {0x0064, "G.726"},
                                                                      {0x00ff, "AAC"},
                                                                      {0x0161, "Windows Media"},
                                                                      {0x0162, "Windows Media"},
                                                                      {0x2000, "AC-3"},
                                                                      {0x1610, "AAC"},
                                                                      {0x674f, "Vorbis"},
                                                                      {0xf1ac, "FLAC"}};
  const auto* const found = std::find_if(std::begin(k_names), std::end(k_names),
                                         [&](const auto& name) { return name.first == tag; });
  return found != std::end(k_names) ? found->second : concat("number ", tag);
}

[[noreturn]] void refuse_coding(const std::string& what, const std::string& place) {
  cannot_decode(place, concat("it is a WAV file whose sound is coded as ", what,
                              "; PCM, floating point, A-law and µ-law are read, so convert it "
                              "(ffmpeg -i OLD.wav -c:a pcm_s16le NEW.wav)"));
}

Format format_of(const Riff& riff, const Chunk& chunk, const std::string& place) {
  constexpr std::size_t k_least = 16, k_least_extensible = 40;
  const bool is_whole = chunk.size >= k_least && chunk.size <= riff.size() - chunk.at;
  if (!is_whole) cannot_decode(place, "it is a WAV file whose chunk fmt is cut off");
  Format format{riff.half(chunk.at), riff.half(chunk.at + 2), riff.word(chunk.at + 4),
                riff.half(chunk.at + 12), riff.half(chunk.at + 14)};
  if (format.tag == k_extensible) {
    if (chunk.size < k_least_extensible)
      cannot_decode(place, "it is a WAV file whose chunk fmt is cut off");
    // The identifiers of codings are their tags, followed by the same fourteen bytes.
    constexpr std::string_view k_rest("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71",
                                      14);
    const std::span<const std::byte> rest = riff.part(chunk.at + 26, k_rest.size());
    const bool is_known = std::equal(rest.begin(), rest.end(), k_rest.begin(),
                                     [](auto a, char b) { return a == static_cast<std::byte>(b); });
    format.tag = riff.half(chunk.at + 24);
    if (!is_known) refuse_coding("something that only its own program knows", place);
  }
  return format;
}

/// Bytes of one sample of one channel.
std::uint32_t width_of(const Format& format, const std::string& place) {
  const std::uint32_t least = (format.bits + 7) / 8;
  const bool fits = format.block % format.channels == 0 &&
                    format.block / format.channels >= least && format.block / format.channels <= 8;
  const std::uint32_t width = fits ? format.block / format.channels : least;
  const auto is_one_of = [&](std::initializer_list<std::uint32_t> widths) {
    return std::find(widths.begin(), widths.end(), width) != widths.end();
  };
  const bool is_good = format.tag == k_pcm     ? format.bits > 0 && is_one_of({1, 2, 3, 4})
                       : format.tag == k_float ? is_one_of({4, 8})
                                               : width == 1;
  if (!is_good) {
    cannot_decode(place, concat("it is a WAV file of ", format.bits,
                                " bits a sample; PCM of 1 to 32, "
                                "floating point of 32 or 64, and 8 of A-law and µ-law are read"));
  }
  return width;
}

void append(std::vector<std::byte>& bytes, std::string_view text) {
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
}

void append(std::vector<std::byte>& bytes, std::size_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

/// The head of 44 bytes that fits `length` bytes of sound.
std::vector<std::byte> head_of(const Format& format, std::uint32_t width, std::size_t length) {
  const std::size_t block = std::size_t{format.channels} * width;
  std::vector<std::byte> bytes;
  bytes.reserve(k_plain_head + length);
  append(bytes, "RIFF");
  append(bytes, k_plain_head - 8 + length, 4);
  append(bytes, "WAVEfmt ");
  append(bytes, 16, 4);
  append(bytes, format.tag, 2);
  append(bytes, format.channels, 2);
  append(bytes, format.rate, 4);
  append(bytes, format.rate * block, 4);
  append(bytes, block, 2);
  append(bytes, std::size_t{width} * 8, 2);
  append(bytes, "data");
  append(bytes, length, 4);
  return bytes;
}

/// Puts the bytes of each sample into the other order.
void swap_bytes(std::span<std::byte> samples, std::size_t width) {
  for (std::size_t at = 0; at + width <= samples.size(); at += width) {
    std::reverse(samples.begin() + static_cast<std::ptrdiff_t>(at),
                 samples.begin() + static_cast<std::ptrdiff_t>(at + width));
  }
}

}  // namespace

std::optional<std::vector<std::byte>> plain_wav(std::span<const std::byte> bytes,
                                                const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_big = text.starts_with("RIFX");
  const bool is_known =
      is_big || text.starts_with("RIFF") || text.starts_with("RF64") || text.starts_with("BW64");
  if (!is_known || text.size() < 12 || text.substr(8, 4) != "WAVE") return std::nullopt;
  const Riff riff(bytes, is_big);
  const Chunks chunks = chunks_of(riff);
  if (!chunks.format || !chunks.data) {
    cannot_decode(place,
                  concat("it is a WAV file without the chunk ", chunks.format ? "data" : "fmt"));
  }
  const Format format = format_of(riff, *chunks.format, place);
  const bool is_read = format.tag == k_pcm || format.tag == k_float || format.tag == k_a_law ||
                       format.tag == k_mu_law;
  if (!is_read) refuse_coding(coding(format.tag), place);
  if (format.channels == 0) cannot_decode(place, "it is a WAV file of 0 channels");
  const std::uint32_t width = width_of(format, place);
  const std::size_t block = std::size_t{format.channels} * width;
  std::size_t length = length_of(riff, chunks, place);
  require_one_data(riff, chunks.data->at + length, place);
  length -= length % block;
  if (length > std::numeric_limits<std::uint32_t>::max() - k_plain_head)
    cannot_decode(place, "it is longer than a WAV file can be");
  std::vector<std::byte> plain = head_of(format, width, length);
  const bool is_plain = bytes.size() == k_plain_head + length &&
                        std::equal(plain.begin(), plain.end(), bytes.begin());
  if (is_plain) return std::nullopt;
  const std::span<const std::byte> sound = riff.part(chunks.data->at, length);
  plain.insert(plain.end(), sound.begin(), sound.end());
  if (is_big) swap_bytes(std::span(plain).subspan(k_plain_head), width);
  return plain;
}

}  // namespace weft::host
