// SPDX-License-Identifier: Apache-2.0
/// Values of fields as pieces of HTML.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/image/decode_image.hpp"

namespace weft::host {

/// A share from 0 to 1 as a pixel's value.
std::uint8_t level(double value);

/// @param kind  its class, and what it is called for those who cannot see it
std::string image_tag(const Image& image, const std::string& kind);

/// [channels, height, width] at `values`; where the normalisation is known it is undone, else the
/// darkest value is black and the brightest white.
std::string picture_html(const float* values, const std::vector<std::int64_t>& sizes,
                         const ImageOptions* options);

/// What a token of a text stands for: what it adds to the text, or "[end]"; not escaped.
/// @param source  of a document: which patch or group stands there; else 0
std::string token_text(const Dataset& data, const std::string& field, std::int64_t id,
                       std::int64_t source);

}  // namespace weft::host
