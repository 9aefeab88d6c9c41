// SPDX-License-Identifier: Apache-2.0
/// What a golden part is given and what it must return: recorded once with a snapshot of the ABI,
/// reproduced by every later host.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/registry/registry.hpp"

namespace weft::test {

/// By name. Given: `in/<port>/<wire>`, `parameter/<name>`, `buffer/<name>`, `seed/<port>` (the
/// gradient of an output). Returned: `out/<port>`, `count/<port>`, and under `gradient/` the names
/// of what was given. A metric is given `batch/<number>/<port>` and returns `value/<port>`. A
/// function with states also returns `step/<buffer>` and `after/<port>`: what it makes of one call
/// in training, and its outputs then; the writer `written/<port>`, given its tokens one by one.
using Numbers = std::map<std::string, host::Array>;

struct GoldenCase {
  std::string kind, id, config;
  std::map<std::string, std::uint32_t> wired;
};

/// One for each kind that the ABI "0.9" has, and for what else a later version brought.
std::vector<GoldenCase> golden_cases(const std::string& abi);
/// Those of the newest version.
std::vector<GoldenCase> golden_cases();

/// How far the three toolchains' results may lie apart in one host.
constexpr double agreement = 1e-6;

/// Largest difference of any result, relative to the largest value of its array.
double difference(const Numbers& actual, const Numbers& expected);

/// Fresh random numbers of the case's shapes.
Numbers given_to(const GoldenCase& golden, const host::Registry& parts);

/// What the part of `parts` makes of them; entries of `given` that are no input are overlooked.
Numbers returned_for(const GoldenCase& golden, const host::Registry& parts, const Numbers& given);

}  // namespace weft::test
