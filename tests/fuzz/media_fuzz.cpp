// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a picture, a recording or a video, decoded as all three,
/// pictures in both ways. The mutator mends the checksums of PNG chunks, or none that was changed
/// would be decoded.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "host/base/error.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/image/decode_image.hpp"
#include "host/data/image/image.hpp"
#include "host/data/video/video.hpp"

namespace {

constexpr std::size_t k_signature = 8, k_around_chunk = 12;

void require(bool condition) {
  if (!condition) std::abort();
}

std::uint32_t crc32(const std::uint8_t* bytes, std::size_t size) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      made[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        made[i] = (made[i] >> 1) ^ ((made[i] & 1) != 0 ? 0xedb88320 : 0);
      }
    }
    return made;
  }();
  std::uint32_t crc = ~0U;
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

void mend_chunks(std::uint8_t* bytes, std::size_t size) {
  for (std::size_t at = k_signature; at + k_around_chunk <= size;) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | bytes[at + i];
    if (length > size - at - k_around_chunk) return;
    const std::uint32_t crc = crc32(bytes + at + 4, length + 4);
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    }
    at += k_around_chunk + length;
  }
}

void decode_as_image(std::span<const std::byte> bytes) {
  // As it is or stretched, grey or in colours: the input's size chooses.
  const int channels = bytes.size() % 2 == 0 ? 1 : 3;
  weft::host::ImageForm form{channels, 0, 0};
  if (bytes.size() % 4 < 2) form = {channels, 24, 17};
  const weft::host::Image image = weft::host::decode_image(bytes, form, "input");
  require(image.height > 0 && image.width > 0 && image.channels == channels);
  require(image.pixels.size() == static_cast<std::size_t>(image.height) *
                                     static_cast<std::size_t>(image.width) *
                                     static_cast<std::size_t>(channels));
}

/// The other path: Pillow's pixels, resized, changed.
void decode_as_feature(std::span<const std::byte> bytes) {
  weft::host::ImageOptions options;
  options.height = 24;
  options.width = 17;
  options.channels = bytes.size() % 2 == 0 ? 1 : 3;
  options.mean.assign(static_cast<std::size_t>(options.channels), 0);
  options.std.assign(static_cast<std::size_t>(options.channels), 1);
  options.resize =
      bytes.size() % 4 < 2 ? weft::host::Resize::bilinear : weft::host::Resize::bicubic;
  options.fit = static_cast<weft::host::Fit>(bytes.size() % 3);
  options.draft = bytes.size() % 8 < 4;
  if (bytes.size() % 16 < 8) options.crop = {{0.08F, 1}, {0.75F, 4.0F / 3}};
  options.hue = 0.5F;
  options.rand_augment = {2, 30};
  weft::host::RandomSequence random({bytes.size()});
  const weft::host::Bytes input(bytes.begin(), bytes.end());
  const auto feature = weft::host::random_image_feature(input, options, random, "input");
  require(feature.count() == 24 * 17 * options.channels);
  for (std::int64_t i = 0; i < feature.count(); ++i) {
    require(feature.data<float>()[i] >= 0 && feature.data<float>()[i] <= 1);
  }
}

void decode_as_audio(std::span<const std::byte> bytes) {
  const weft::host::Audio audio = weft::host::decode_audio(bytes, 8000, "input");
  require(!audio.samples.empty() && audio.samples.size() <= std::size_t{8000} * 601);
  for (const float sample : audio.samples) require(std::isfinite(sample));
}

void decode_as_video(std::span<const std::byte> bytes) {
  // Over the whole, or so many a second: the input's size chooses.
  weft::host::VideoForm form{{1, 12, 16}, 3, bytes.size() % 2 == 0 ? 0.0 : 4.0};
  const weft::host::Video video = weft::host::decode_video(bytes, form, "input");
  require(!video.pictures.empty() && video.pictures.size() <= 3 && video.count >= 1);
  for (const weft::host::Image& picture : video.pictures) require(picture.pixels.size() == 12 * 16);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t room);

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size,
                                               std::size_t room, unsigned seed) {
  size = LLVMFuzzerMutate(bytes, size, room);
  if (seed % 16 == 0 || size < k_signature) return size;  // one in sixteen stays broken
  if (std::memcmp(bytes, "\x89PNG", 4) == 0) mend_chunks(bytes, size);
  return size;
}

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::span input(reinterpret_cast<const std::byte*>(bytes), size);
  for (const auto decode : {decode_as_image, decode_as_feature, decode_as_audio, decode_as_video}) {
    try {
      decode(input);
    } catch (const weft::host::Error& error) {
      require(error.exit() == weft::host::Exit::bad_data);
    }
  }
  return 0;
}
