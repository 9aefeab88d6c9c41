// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "host/data/section/section.hpp"

namespace weft::host {

/// What the cached feature depends on: the member and the options of its decoding, not those of
/// augmentation, which is done anew for every batch.
std::string feature_key(const Json& field, const Source& source);

}  // namespace weft::host
