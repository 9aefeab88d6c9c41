// SPDX-License-Identifier: Apache-2.0
/// What a look at the shards of a section shows before any of them is read: whether the files are
/// there and begin as shards do. No command is started and nothing waits.

#pragma once

#include <string>
#include <vector>

#include "host/base/problems.hpp"
#include "host/data/fields/options.hpp"

namespace weft::host {

/// Of more files only their being there is looked at.
inline constexpr std::size_t k_most_heads = 1000;

/// All that is wrong, each with the place of the entry that names the file:
/// `/data/qa/shards/val/0`. What commands and standard input bring is not looked at.
/// @param section  the pointer of the section in the recipe, `/data/qa`
std::vector<Found> look_at_shards(const std::string& section, const DataOptions& options);

}  // namespace weft::host
