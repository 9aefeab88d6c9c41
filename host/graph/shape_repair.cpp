// SPDX-License-Identifier: Apache-2.0
#include "host/graph/shape_repair.hpp"

#include "host/base/text.hpp"

namespace weft::host {
namespace {

std::string through(const char* function, const std::string& wire, const std::string& config) {
  return concat(" Make the sizes equal, or put a node between and read that: {\"use\": \"",
                function, "\", \"in\": \"", wire, "\"", config, "}.");
}

bool differs(std::int64_t expected, std::int64_t found) {
  return expected >= 0 && found >= 0 && expected != found;
}

}  // namespace

std::string repair_of(const std::vector<std::int64_t>& expected,
                      const std::vector<std::int64_t>& found, const std::string& wire) {
  if (found.size() != 3 || expected.empty() || differs(expected[0], found[0])) return "";
  if (expected.size() == 2 && !differs(expected[1], found[2]))
    return through("function.pool", wire, "");
  if (expected.size() != 3) return "";
  const bool is_long = differs(expected[1], found[1]), is_wide = differs(expected[2], found[2]);
  if (is_wide && !is_long)
    return through("function.linear", wire, concat(", \"config\": {\"dim\": ", expected[2], "}"));
  if (is_long && !is_wide)
    return through("function.resample", wire,
                   concat(", \"config\": {\"length\": ", expected[1], "}"));
  return "";
}

}  // namespace weft::host
