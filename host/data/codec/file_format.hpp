// SPDX-License-Identifier: Apache-2.0
/// What a file is by its first bytes, for messages about one that is not read.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weft::host {

/// "a GIF", "an AIFF recording", "a ZIP archive", "a web page"; empty for bytes that are nothing
/// known.
std::string format_name(std::span<const std::byte> bytes);

/// Says what a file is that could not be opened: the name of a format that is not read, and that
/// the head is damaged of one that is.
/// @param read   the formats that are, "PNG, JPEG nor WebP"
/// @param place  how the message begins
/// @throws Error (bad_data)
[[noreturn]] void refuse_format(std::span<const std::byte> bytes, std::string_view read,
                                const std::string& place);

}  // namespace weft::host
