// SPDX-License-Identifier: Apache-2.0
/// A PNG of which every row is there.

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

struct AVFrame;

namespace weft::host {

/// Decodes what plain_png() leaves of a PNG and calls `take` with its picture.
/// @throws Error (bad_data): rows are missing, it is cut off, without pixels, or damaged; whatever
/// `take` throws
void decode_png(std::span<const std::byte> bytes, const std::string& place,
                const std::function<void(const AVFrame&)>& take);

}  // namespace weft::host
