// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

/// One field of a batch: what data promises and a graph may wire.
struct FieldSpec {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::int64_t> sizes;  ///< per example, without the batch axis
  std::string mask;                 ///< name of the paired mask field, or empty
  std::int64_t classes = 0;         ///< size of the vocabulary or of the list of classes, or 0
};

}  // namespace weft::host
