// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/data/dataset/dataset.hpp"
#include "host/session/token_maps.hpp"

namespace weft::host {

/// What a part of a run looks at in one sample, or how far its gates are open, as HTML: attention
/// is the mean over heads and over the tokens that ask, a gate the mean over tokens and channels.
std::string map_html(const TokenMap& map, const Dataset& data, const Batch& batch,
                     std::int64_t row);

}  // namespace weft::host
