// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

struct Batch {
  std::int64_t size = 0;
  std::map<std::string, Array> fields;  ///< by FieldSpec::name; [size, FieldSpec::sizes…]
  std::vector<std::string> keys;        ///< one per example, for messages and predictions
  std::vector<std::string> groups;      ///< the values at `by` (EvaluationStream), or empty
  /// By text field what each row says, "" where it is lacking; of those that were asked for.
  std::map<std::string, std::vector<std::string>> texts = {};
};

}  // namespace weft::host
