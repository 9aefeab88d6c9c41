// SPDX-License-Identifier: Apache-2.0
/// A PNG without all that says nothing of its pixels.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::host {

/// Leaves out every chunk but IHDR, PLTE, tRNS, IDAT and IEND (PNG specification, 3rd edition, 11):
/// compressed texts and profiles grow a thousandfold in a decoder's memory, and an animation's
/// default picture is a PNG by itself. What follows IEND is left out too. Grey of 1, 2 or 4 bits of
/// which one value is transparent becomes a palette of those greys, since FFmpeg does not look at
/// tRNS there.
/// What is cut off stays so, for the decoder to say.
/// @return  the PNG, or nothing if the bytes are one already, or no PNG
/// @throws Error (bad_data): a palette picture without a palette, a PNG without a head, an end that
/// is not empty
std::optional<std::vector<std::byte>> plain_png(std::span<const std::byte> bytes,
                                                const std::string& place);

}  // namespace weft::host
