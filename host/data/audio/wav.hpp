// SPDX-License-Identifier: Apache-2.0
/// The head of a WAV file, read by rule: FFmpeg takes samples of fewer bits than their container
/// for samples of that many bits, and a length that a pipe left open for one that is cut off.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::host {

/// RIFF, RIFX (numbers most significant byte first), RF64 and BW64 (lengths of 64 bits, EBU Tech
/// 3306), with the chunks `fmt ` and `data` among others. Samples are PCM of 8 to 32 bits, floating
/// point, A-law or µ-law; in WAVE_FORMAT_EXTENSIBLE those of fewer bits lie at the upper end of
/// their container (Microsoft, WAVEFORMATEXTENSIBLE). A length of `data` that was never filled in
/// (0, or from 7FFF0000 on and more than there is) is all that follows; the part of a sample at the
/// end is left out. A second chunk `data` is refused: it would be left out in silence.
/// @return  a WAV file of the same samples that can be read one way only: the head of 44 bytes,
///          then `data`; nothing if the bytes are that already, or no WAV file
/// @throws Error (bad_data): cut off, without `fmt ` or `data` or with two of the latter, or of
/// another coding, which is named
std::optional<std::vector<std::byte>> plain_wav(std::span<const std::byte> bytes,
                                                const std::string& place);

}  // namespace weft::host
