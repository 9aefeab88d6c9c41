// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/content.hpp"
#include "host/data/inspect/statistics.hpp"

namespace weft::host {

/// What a content was, and where it was met first or again.
struct ContentMet {
  std::uint64_t hash;
  std::uint32_t example, split;
};

/// The key of an example of a part.
std::string key_of(const Dataset::Content& content, Split split, std::size_t example);

/// Adds the samples that hold the same, from what all splits met in one field.
void find_same(const Dataset::Content& content, const std::string& field,
               std::vector<ContentMet> met, std::vector<SameContent>& same);

}  // namespace weft::host
