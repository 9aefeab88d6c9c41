// SPDX-License-Identifier: Apache-2.0
/// A number for each row of a batch, by which rows are selected and examples ordered.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/graph/model.hpp"

namespace weft::host {

class RowScores {
 public:
  /// @param node  a loss, or what has the output `port`
  /// @param port  as row_score_port()
  /// @param data  the section that batches are from
  RowScores(const Model& model, const std::string& node, const std::string& port,
            const std::string& data);

  /// The rows' numbers, computed as in evaluation and not recorded. Of a loss without an output for
  /// each row: that of the row alone, divided by how much it counts; 0 where nothing of it does.
  /// @throws Error (plugin) where there are not as many as rows
  std::vector<double> of(const TensorMap& batch, std::int64_t rows,
                         const CallOptions& options) const;

 private:
  std::vector<double> one_by_one(const TensorMap& batch, std::int64_t rows,
                                 const CallOptions& options) const;

  const Model& model_;
  std::size_t node_;
  std::size_t port_ = 0, weight_port_ = 0;
  bool is_by_row_;  // the port has one number for each row
  std::string data_;
  std::vector<std::size_t> order_;
};

}  // namespace weft::host
