// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/array.hpp"

namespace weft::host {

/// Ids of a vocabulary that have a meaning of their own; -1 where it has none.
struct SpecialIds {
  std::int64_t begin = -1, end = -1;
  std::int64_t pad = -1;  ///< what fills rows up
  std::int64_t unknown = -1;

  bool operator==(const SpecialIds&) const = default;
};

/// One field of a batch: what data promises and a graph may wire.
struct FieldSpec {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::int64_t> sizes;  ///< per example, without the batch axis
  std::string mask;                 ///< name of the paired mask field, or empty
  std::int64_t classes = 0;         ///< size of the vocabulary or of the list of classes, or 0
  std::string present = {};         ///< the field that says which samples have it; empty: all do
  std::optional<SpecialIds> special = {};  ///< of a text

  /// A text itself, or its mask: uint8 or bool, as long as the longest of the batch (size -1). Only
  /// metrics read it.
  bool is_text() const { return !sizes.empty() && sizes.back() < 0; }
};

}  // namespace weft::host
