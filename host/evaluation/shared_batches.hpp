// SPDX-License-Identifier: Apache-2.0
/// The batches of a part, shared among ranks.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/loading/stream.hpp"
#include "host/engine/comm/collective.hpp"

namespace weft::host {

/// Batch i, as one rank would get it, is for rank i mod size; nobody else decodes it. `size`
/// neighbouring batches are a round.
class SharedBatches {
 public:
  /// @param by, texts  as EvaluationStream
  SharedBatches(const Dataset& data, Split split, std::int64_t batch_size, Collective& ranks,
                std::string by = "", std::vector<std::string> texts = {});

  /// This rank's batch of the next round: an empty one where the others alone have some. False on
  /// all ranks at once, after the last round. @throws as EvaluationStream::next, and RankLost
  bool next(Batch& batch);

  /// How many rows stand before those of the batch, on all ranks.
  std::uint64_t first_row() const { return first_row_; }
  /// How many rows all ranks have had, those of this round included.
  std::uint64_t rows() const { return rows_; }

 private:
  Collective& ranks_;
  EvaluationStream stream_;
  bool has_more_ = true;
  std::uint64_t first_row_ = 0, rows_ = 0;
};

}  // namespace weft::host
