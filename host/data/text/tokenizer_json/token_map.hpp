// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weft::host {

struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): Boost asks for it
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// Ids by token; views find as well as strings.
using TokenMap = boost::unordered_flat_map<std::string, std::int32_t, TextHash, std::equal_to<>>;

}  // namespace weft::host
