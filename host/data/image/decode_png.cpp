// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/decode_png.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/image/plain_png.hpp"

namespace weft::host {
namespace {

/// The chunk IEND as every PNG has it: empty, with its checksum.
constexpr std::string_view k_end("\0\0\0\0IEND\xae\x42\x60\x82", 12);

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether FFmpeg shows something for it: where rows are missing, grey or black ones.
bool is_shown(std::span<const std::byte> bytes, const std::string& place) {
  try {
    decode_frames(bytes, Medium::picture, place, [](const AVFrame&) {});
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void decode_png(std::span<const std::byte> bytes, const std::string& place,
                const std::function<void(const AVFrame&)>& take) {
  const std::optional<std::vector<std::byte>> plain = plain_png(bytes, place);
  const std::span<const std::byte> whole = plain ? std::span<const std::byte>(*plain) : bytes;
  const bool has_end = text_of(whole).ends_with(k_end);
  // At its end FFmpeg takes a picture of which rows are missing; without an end it does not.
  const std::span<const std::byte> open =
      has_end ? whole.first(whole.size() - k_end.size()) : whole;
  bool is_taken = false;
  try {
    decode_frames(open, Medium::picture, place, [&](const AVFrame& frame) {
      is_taken = true;
      take(frame);
    });
  } catch (const Error&) {
    if (is_taken) throw;
    if (text_of(whole).rfind("IEND") == std::string_view::npos)
      cannot_decode(place, "it is a PNG that is cut off");
    if (text_of(whole).find("IDAT") == std::string_view::npos)
      cannot_decode(place, "it is a PNG without pixels (IDAT)");
    if (is_shown(whole, place)) cannot_decode(place, "it is a PNG of which rows are missing");
    throw;
  }
}

}  // namespace weft::host
