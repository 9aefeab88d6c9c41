// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/content.hpp"
#include "host/data/dataset.hpp"
#include "host/data/random.hpp"

namespace weft::host {
namespace {

/// Batches that wait ready.
constexpr std::size_t k_ahead = 4;

void require_part(const Dataset& dataset, Split split) {
  if (dataset.size(split) > 0) return;
  throw Error(Exit::bad_data,
              concat("Data ", dataset.name(), " has no part ", split_name(split),
                     ". Name its shards under data/shards/", split_name(split), "."));
}

/// The examples of an epoch in their order (Fisher and Yates' shuffle).
std::vector<std::size_t> epoch_order(const Dataset::Content& content, std::uint64_t seed,
                                     std::int64_t epoch) {
  std::vector<std::size_t> order(content.part(Split::train).size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!content.options.shuffle) return order;
  RandomSequence random({seed, static_cast<std::uint64_t>(epoch)});
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[random.below(left)]);
  }
  return order;
}

}  // namespace

/// Makes batches ahead of the reader. `mutex_` guards what both sides use; seek() makes the
/// batches that are under way stale by raising `generation_`.
class TrainingStream::Worker {
 public:
  Worker(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed)
      : dataset_(dataset),
        batch_size_(batch_size),
        seed_(seed),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  Batch next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_.empty() || failure_; });
    if (ready_.empty()) std::rethrow_exception(failure_);
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    taken_ = after(taken_);
    changed_.notify_all();
    return batch;
  }

  Position position() const { return taken_; }

  void seek(const Position& position) {
    if (position.epoch < 0 || position.offset < 0 ||
        position.offset >= dataset_.size(Split::train)) {
      throw Error(Exit::bad_checkpoint,
                  concat("The checkpoint stands at example ", position.offset, " of epoch ",
                         position.epoch, ", but the training part of data ", dataset_.name(),
                         " has ", dataset_.size(Split::train),
                         " examples. Resume with the data that the run began with."));
    }
    const std::lock_guard lock(mutex_);
    taken_ = made_ = position;
    ready_.clear();
    failure_ = nullptr;
    ++generation_;
    changed_.notify_all();
  }

 private:
  Position after(const Position& position) const {
    const std::int64_t size = dataset_.size(Split::train);
    const std::int64_t offset = position.offset + batch_size_;
    return {position.epoch + offset / size, offset % size};
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [&] { return ready_.size() < k_ahead && !failure_; };
    while (changed_.wait(lock, stop, has_work) && !stop.stop_requested()) {
      const Position begin = made_;
      const std::uint64_t generation = generation_;
      lock.unlock();
      Batch batch;
      std::exception_ptr failure;
      try {
        batch = make(begin);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (generation != generation_) continue;
      failure_ = failure;
      if (!failure) ready_.push_back(std::move(batch));
      made_ = after(begin);
      changed_.notify_all();
    }
  }

  /// [worker thread]
  Batch make(Position position) {
    std::vector<Draw> draws;
    for (std::int64_t i = 0; i < batch_size_; ++i) {
      if (position.epoch != order_epoch_) {
        order_ = epoch_order(dataset_.content(), seed_, position.epoch);
        order_epoch_ = position.epoch;
      }
      const auto epoch = static_cast<std::uint64_t>(position.epoch);
      const auto offset = static_cast<std::uint64_t>(position.offset);
      draws.push_back({order_[offset], std::array{seed_, epoch, offset}});
      if (++position.offset == dataset_.size(Split::train)) position = {position.epoch + 1, 0};
    }
    return assemble(dataset_.content(), Split::train, draws);
  }

  const Dataset dataset_;
  const std::int64_t batch_size_;
  const std::uint64_t seed_;
  std::vector<std::size_t> order_;  ///< of `order_epoch_` [worker thread]
  std::int64_t order_epoch_ = -1;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Batch> ready_;
  Position taken_, made_;  ///< where the reader and where the worker stands
  std::uint64_t generation_ = 0;
  std::exception_ptr failure_;
  std::jthread thread_;  ///< last, so that it ends before what it uses
};

TrainingStream::TrainingStream(const Dataset& dataset, std::int64_t batch_size,
                               std::uint64_t seed) {
  require_part(dataset, Split::train);
  worker_ = std::make_unique<Worker>(dataset, std::max<std::int64_t>(batch_size, 1), seed);
}

TrainingStream::TrainingStream(TrainingStream&&) noexcept = default;
TrainingStream::~TrainingStream() = default;

Batch TrainingStream::next() {
  return worker_->next();
}
Position TrainingStream::position() const {
  return worker_->position();
}
void TrainingStream::seek(const Position& position) {
  worker_->seek(position);
}

EvaluationStream::EvaluationStream(const Dataset& dataset, Split split, std::int64_t batch_size,
                                   std::string by)
    : dataset_(dataset),
      split_(split),
      batch_size_(std::max<std::int64_t>(batch_size, 1)),
      by_(std::move(by)) {
  require_part(dataset, split);
}

bool EvaluationStream::next(Batch& batch) {
  const std::int64_t end = std::min(done_ + batch_size_, dataset_.size(split_));
  if (done_ == end) return false;
  std::vector<Draw> draws;
  std::vector<std::string> groups;
  for (std::int64_t i = done_; i < end; ++i) {
    draws.push_back({static_cast<std::size_t>(i), std::nullopt});
    if (!by_.empty()) groups.push_back(dataset_.value(split_, i, by_));
  }
  batch = assemble(dataset_.content(), split_, draws);
  batch.groups = std::move(groups);
  done_ = end;
  return true;
}

}  // namespace weft::host
