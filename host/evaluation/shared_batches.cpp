// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/shared_batches.hpp"

namespace weft::host {

SharedBatches::SharedBatches(const Dataset& data, Split split, std::int64_t batch_size,
                             Collective& ranks, std::string by, std::vector<std::string> texts)
    : ranks_(ranks),
      stream_(data, split, batch_size, std::move(by), std::move(texts),
              {ranks.rank(), ranks.size()}) {}

bool SharedBatches::next(Batch& batch) {
  Batch own;
  has_more_ = has_more_ && stream_.next(own);
  const std::vector<double> table =
      ranks_.table({has_more_ ? 1.0 : 0.0, static_cast<double>(own.size)});
  first_row_ = rows_;
  bool has_any = false;
  for (int rank = 0; rank < ranks_.size(); ++rank) {
    const double* const of_rank = table.data() + std::ptrdiff_t{2} * rank;
    const auto rows = static_cast<std::uint64_t>(of_rank[1]);
    has_any = has_any || of_rank[0] != 0.0;
    if (rank < ranks_.rank()) first_row_ += rows;
    rows_ += rows;
  }
  batch = std::move(own);
  return has_any;
}

}  // namespace weft::host
