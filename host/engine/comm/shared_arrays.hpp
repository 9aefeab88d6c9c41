// SPDX-License-Identifier: Apache-2.0
/// Named arrays, and lists of texts, of other ranks.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/engine/export.hpp"

namespace weft::host {

using NamedArrays = std::map<std::string, Array>;

/// What every rank gives, by rank: other names, shapes and numbers of arrays on each.
WEFT_ENGINE_API std::vector<NamedArrays> arrays_of_all(Collective& ranks, const NamedArrays& own);

/// The texts of all ranks in one list, by rank.
WEFT_ENGINE_API std::vector<std::string> list_of_all(Collective& ranks,
                                                     const std::vector<std::string>& own);

}  // namespace weft::host
