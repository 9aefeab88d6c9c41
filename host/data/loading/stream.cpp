// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/loading/prefetcher.hpp"
#include "host/data/loading/row_order.hpp"
#include "host/data/loading/stream.hpp"
#include "host/data/loading/streamed_order.hpp"

namespace weft::host {
namespace {

bool is_streamed(const Dataset& dataset, Split split) {
  return !dataset.content().part(split).entries.empty();
}

void require_part(const Dataset& dataset, Split split) {
  if (dataset.size(split) > 0 || is_streamed(dataset, split)) return;
  throw Error(Exit::bad_data,
              concat("Data ", dataset.name(), " has no part ", split_name(split),
                     ". Name its shards under data/shards/", split_name(split), "."));
}

}  // namespace

std::map<std::string, std::int64_t> numbers_of(const Position& position) {
  return {{"taken", position.taken},
          {"epoch", position.epoch},
          {"shard", position.shard},
          {"example", position.example},
          {"offset", position.offset}};
}

std::optional<Position> position_of(const std::map<std::string, std::int64_t>& numbers) {
  const auto number = [&](const char* name) {
    const auto found = numbers.find(name);
    return found == numbers.end() ? 0 : found->second;
  };
  if (!numbers.contains("taken")) return std::nullopt;
  return Position{number("taken"), number("epoch"), number("shard"), number("example"),
                  number("offset")};
}

class TrainingStream::Reader {
 public:
  Reader(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed, Rank rank,
         const Position& from, std::shared_ptr<const EasyFirst> curriculum)
      : dataset_(dataset),
        rows_(batch_size),
        rank_(rank),
        order_(dataset_.content(), seed, std::move(curriculum)) {
    require_place(from);
    order_.seek(from);
    taken_ = from;
    pool_ = std::make_unique<RowPool>(dataset_, Split::train, [this] { return draw(); });
  }

  ~Reader() { order_.cancel(); }

  Batch next() {
    Batch batch;
    pool_->take(batch, &taken_);
    return batch;
  }

  Position position() const { return taken_; }
  double waited() const { return pool_->waited(); }

  void seek(const Position& position) {
    require_place(position);
    pool_->restart([&] { order_.seek(position); });
    taken_ = position;
  }

 private:
  void require_place(const Position& position) const {
    if (std::min({position.taken, position.epoch, position.shard, position.example,
                  position.offset}) >= 0) {
      return;
    }
    throw Error(Exit::bad_checkpoint,
                concat("The checkpoint stands at example ", position.taken, " of data ",
                       dataset_.name(), ". Resume from another checkpoint."));
  }

  /// [one thread at a time]
  RowPool::Drawn draw() {
    RowPool::Drawn drawn;
    order_.skip(rows_ * rank_.number);
    for (std::int64_t i = 0; i < rows_; ++i) drawn.draws.push_back(order_.next());
    order_.skip(rows_ * (rank_.of - 1 - rank_.number));
    drawn.after = order_.position();
    return drawn;
  }

  const Dataset dataset_;
  const std::int64_t rows_;
  const Rank rank_;
  RowOrder order_;                 ///< of the pool
  Position taken_;                 ///< where the reader stands
  std::unique_ptr<RowPool> pool_;  ///< last, so that it ends before what it uses
};

TrainingStream::TrainingStream(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed,
                               Rank rank, const Position& from,
                               std::shared_ptr<const EasyFirst> curriculum) {
  require_part(dataset, Split::train);
  reader_ = std::make_unique<Reader>(dataset, std::max<std::int64_t>(batch_size, 1), seed, rank,
                                     from, std::move(curriculum));
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
                                   std::string by, std::vector<std::string> texts, Rank rank)
    : gives_empty_ones_(rank.of > 1) {
  require_part(dataset, split);
  const std::int64_t rows = std::max<std::int64_t>(batch_size, 1), size = dataset.size(split);
  const std::int64_t before = rows * rank.number, of_others = rows * (rank.of - 1);
  RowPool::Next next;
  if (is_streamed(dataset, split)) {
    auto order = std::make_shared<StreamedOrder>(dataset.content(), split, std::nullopt);
    // The data set keeps the content.
    next = [rows, order, dataset, of_others, skipped = before]() mutable {
      RowPool::Drawn drawn;
      for (; skipped > 0; --skipped)
        if (!order->next()) return drawn;
      while (std::ssize(drawn.draws) < rows) {
        std::optional<Draw> draw = order->next();
        if (!draw) break;
        drawn.draws.push_back(std::move(*draw));
      }
      skipped = of_others;
      return drawn;
    };
  } else {
    next = [rows, size, of_others, done = before]() mutable {
      RowPool::Drawn drawn;
      const std::int64_t end = std::min(done + rows, size);
      for (; done < end; ++done) {
        drawn.draws.push_back({static_cast<std::size_t>(done), 0, std::nullopt, nullptr});
      }
      done += of_others;
      return drawn;
    };
  }
  pool_ =
      std::make_unique<RowPool>(dataset, split, std::move(next), std::move(by), std::move(texts));
}

EvaluationStream::EvaluationStream(EvaluationStream&&) noexcept = default;
EvaluationStream::~EvaluationStream() = default;

double EvaluationStream::waited() const {
  return pool_->waited();
}

bool EvaluationStream::next(Batch& batch) {
  Batch found;
  do {
    if (!pool_->take(found)) return false;
  } while (found.size == 0 && !gives_empty_ones_);  // all of its rows are set aside
  batch = std::move(found);
  return true;
}

}  // namespace weft::host
