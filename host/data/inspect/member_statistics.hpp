// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/content.hpp"

namespace weft::host {

/// How many of a split's samples have a member, and the first few that lack it. Members that a
/// field, a document or the tokenizer takes in place of each other count as one.
struct MemberSurvey {
  std::string name;  ///< or the names as the field gives them, `jpg;jpeg;png`
  std::int64_t samples = 0;
  std::vector<std::string> lacking;  ///< keys, at most ten
};

/// In alphabetical order.
std::vector<MemberSurvey> members_of(const SplitContent& part, const DataOptions& options);

}  // namespace weft::host
