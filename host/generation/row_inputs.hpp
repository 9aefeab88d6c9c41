// SPDX-License-Identifier: Apache-2.0
/// What a node is given for texts: several of one row of the batch, or none.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "host/graph/model.hpp"

namespace weft::host {

/// A node's inputs with rows repeated as texts need them.
class RowInputs {
 public:
  RowInputs(const Instance& node, InputTensors inputs, std::int64_t rows)
      : node_(node), inputs_(std::move(inputs)), taken_(inputs_) {
    for (std::int64_t row = 0; row < rows; ++row) rows_.push_back(row);
  }

  /// Once for as long as the rows are the same.
  InputTensors& take(const std::vector<std::size_t>& rows) {
    const std::vector<std::int64_t> wanted(rows.begin(), rows.end());
    if (wanted == rows_) return taken_;
    for (std::size_t port = 0; port < inputs_.size(); ++port)
      for (std::size_t i = 0; i < inputs_[port].size(); ++i)
        if (inputs_[port][i] && node_.inputs()[port].shape.starts_with("[B"))
          taken_[port][i] = taken_rows(inputs_[port][i], wanted);
    rows_ = wanted;
    return taken_;
  }

 private:
  const Instance& node_;
  InputTensors inputs_, taken_;
  std::vector<std::int64_t> rows_;
};

}  // namespace weft::host
