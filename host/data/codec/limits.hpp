// SPDX-License-Identifier: Apache-2.0
/// How much of pictures, recordings and videos is decoded.

#pragma once

#include <cstdint>

namespace weft::host {

/// Larger pictures (height x width) are refused, as are those without a pixel.
inline constexpr std::int64_t k_most_pixels = 64'000'000;
/// Pictures of more pixels than the first may have at most the second for each byte of the file:
/// blank pages pass, and a small file cannot ask for hundreds of megabytes.
inline constexpr std::int64_t k_free_pixels = 16'000'000, k_most_pixels_per_byte = 200;
/// A JPEG in more scans is refused: each goes over all pixels, and may be a few bytes long.
inline constexpr std::int64_t k_most_scans = 500;
/// Longer recordings are refused.
inline constexpr std::int64_t k_most_seconds = 600;
/// Recordings of other rates are refused, in samples per second: the resampler's filter grows with
/// the ratio of the rates.
inline constexpr int k_lowest_rate = 1'000, k_highest_rate = 768'000;
/// Recordings of more channels are refused. FFmpeg's resampler has room for no more.
inline constexpr int k_most_channels = 64;

/// Larger pictures of a video are refused.
inline constexpr std::int64_t k_most_frame_pixels = 16'777'216;
/// Videos of more pictures are refused; how long they may be is k_most_seconds.
inline constexpr std::int64_t k_most_frames = 100'000;
/// A video is refused when it asks for more pixels to be decoded: ten minutes of 1920 x 1080 at 30
/// pictures a second are fewer.
inline constexpr std::int64_t k_most_decoded_pixels = 50'000'000'000;
/// Of more pixels than the first at most the second are decoded for each byte of the file: screens
/// that stand still pass, and a small file cannot ask for minutes of work.
inline constexpr std::int64_t k_free_decoded_pixels = 200'000'000,
                              k_most_decoded_pixels_per_byte = 100'000;

}  // namespace weft::host
