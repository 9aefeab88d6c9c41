// SPDX-License-Identifier: Apache-2.0
/// What the boxes of a container must hold before FFmpeg reads it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weft::host {

/// The boxes of an M4A, MP4 or MOV beside `mdat`, the content, must list each packet once, in the
/// clear: a list may claim packets of one size without holding anything, and so may a fragment,
/// whose lack would not be found either. Other bytes pass.
/// @throws Error (bad_data), with `place` at its head
void require_honest_boxes(std::span<const std::byte> bytes, const std::string& place);

/// An Ogg file that is cut off announces what is left of it. Its last page must be marked as the
/// last of its stream, and the checksums of all must be right (RFC 3533, 6). Other bytes pass.
/// @return  how many samples per channel its one stream holds, which its last page says and what an
///          encoder filled up is beyond (Vorbis I, A.2; RFC 7845, 4); 0 where there are several
/// @throws Error (bad_data), with `place` at its head
std::int64_t whole_ogg(std::span<const std::byte> bytes, const std::string& place);

/// What follows the ID3v2 tags at the head of an MP3, a FLAC, a WAV or an Ogg (ID3v2.4, 3.1).
/// FFmpeg would keep all that they hold, and compare the name of each text with those of all
/// others. Other bytes, and tags behind which none of them begins, stay as they are.
std::span<const std::byte> behind_tags(std::span<const std::byte> bytes);

/// A Matroska or WebM file must hold as much as its segment announces. One that was written live
/// announces nothing, and passes, as other bytes do.
/// @throws Error (bad_data), with `place` at its head
void require_whole_matroska(std::span<const std::byte> bytes, const std::string& place);

}  // namespace weft::host
