// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/order.hpp"
#include "host/data/row_pool.hpp"

namespace weft::host {
namespace {

void require_part(const Dataset& dataset, Split split) {
  if (dataset.size(split) > 0) return;
  throw Error(Exit::bad_data,
              concat("Data ", dataset.name(), " has no part ", split_name(split),
                     ". Name its shards under data/shards/", split_name(split), "."));
}

}  // namespace

class TrainingStream::Reader {
 public:
  Reader(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed, Rank rank)
      : dataset_(dataset),
        rows_(batch_size),
        rank_(rank),
        order_(dataset_.content(), seed),
        pool_(dataset_, Split::train, [this] { return draw(); }) {}

  Batch next() {
    Batch batch;
    pool_.take(batch);
    taken_ += rows_ * rank_.of;
    return batch;
  }

  Position position() const { return {taken_}; }
  double waited() const { return pool_.waited(); }

  void seek(const Position& position) {
    if (position.taken < 0) {
      throw Error(Exit::bad_checkpoint,
                  concat("The checkpoint stands at example ", position.taken, " of data ",
                         dataset_.name(), ". Resume from another checkpoint."));
    }
    pool_.restart([&] { drawn_ = position.taken; });
    taken_ = position.taken;
  }

 private:
  /// [one thread at a time]
  std::vector<Draw> draw() {
    std::vector<Draw> draws;
    const std::int64_t first = drawn_ + rows_ * rank_.number;
    for (std::int64_t i = first; i < first + rows_; ++i) {
      draws.push_back(order_.at(static_cast<std::uint64_t>(i)));
    }
    drawn_ += rows_ * rank_.of;
    return draws;
  }

  const Dataset dataset_;
  const std::int64_t rows_;
  const Rank rank_;
  TrainingOrder order_;
  std::int64_t drawn_ = 0;  ///< places given to the pool, over all ranks
  std::int64_t taken_ = 0;  ///< places given to the reader
  RowPool pool_;            ///< last, so that it ends before what it uses
};

TrainingStream::TrainingStream(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed,
                               Rank rank) {
  require_part(dataset, Split::train);
  reader_ = std::make_unique<Reader>(dataset, std::max<std::int64_t>(batch_size, 1), seed, rank);
}

TrainingStream::TrainingStream(TrainingStream&&) noexcept = default;
TrainingStream::~TrainingStream() = default;

Batch TrainingStream::next() {
  return reader_->next();
}
Position TrainingStream::position() const {
  return reader_->position();
}
void TrainingStream::seek(const Position& position) {
  reader_->seek(position);
}
double TrainingStream::waited() const {
  return reader_->waited();
}

EvaluationStream::EvaluationStream(const Dataset& dataset, Split split, std::int64_t batch_size,
                                   std::string by) {
  require_part(dataset, split);
  const std::int64_t rows = std::max<std::int64_t>(batch_size, 1), size = dataset.size(split);
  auto next = [rows, size, done = std::int64_t{0}]() mutable {
    std::vector<Draw> draws;
    const std::int64_t end = std::min(done + rows, size);
    for (; done < end; ++done) draws.push_back({static_cast<std::size_t>(done), 0, std::nullopt});
    return draws;
  };
  pool_ = std::make_unique<RowPool>(dataset, split, std::move(next), std::move(by));
}

EvaluationStream::EvaluationStream(EvaluationStream&&) noexcept = default;
EvaluationStream::~EvaluationStream() = default;

bool EvaluationStream::next(Batch& batch) {
  Batch found;
  do {
    if (!pool_->take(found)) return false;
  } while (found.size == 0);  // all of its rows are set aside
  batch = std::move(found);
  return true;
}

}  // namespace weft::host
