// SPDX-License-Identifier: Apache-2.0
/// Messages about files of samples that are not read.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weft::host {

/// Says what a file is that could not be opened: the name of a format that is not read, and that
/// the head is damaged of one that is.
/// @param read   the formats that are, "PNG, JPEG nor WebP"
/// @param place  how the message begins
/// @throws Error (bad_data)
[[noreturn]] void refuse_format(std::span<const std::byte> bytes, std::string_view read,
                                const std::string& place);

}  // namespace weft::host
