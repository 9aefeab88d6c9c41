// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/prefetcher.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "host/base/error.hpp"
#include "host/data/loading/order.hpp"

namespace weft::host {
namespace {

/// Rows that a thread takes at once: fewer locks, and the rows of a batch still spread.
constexpr std::size_t k_rows_at_once = 4;

/// A draw whose stand-ins fail so often is not given another.
constexpr std::uint64_t k_most_attempts = 100;

/// A batch under way.
struct Slot {
  explicit Slot(RowPool::Drawn drawn)
      : draws(std::move(drawn.draws)), after(drawn.after), is_bad(draws.size()) {}

  std::vector<Draw> draws;
  Position after;
  Batch batch;
  std::vector<char> is_bad;  ///< rows to leave out; each written by one thread
  std::size_t begun = 0, done = 0;
  std::size_t failed_row = ~std::size_t{0};
  std::exception_ptr failure;
};

/// Leaves out the rows that are marked.
void leave_out(Slot& slot) {
  const auto rows = static_cast<std::size_t>(slot.batch.size);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows; ++i) {
    if (slot.is_bad[i] == 0) kept.push_back(i);
  }
  if (kept.size() == rows) return;
  Batch& batch = slot.batch;
  for (auto& [name, array] : batch.fields) {
    const std::size_t bytes = array.byte_count() / rows;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      std::memmove(array.bytes.get() + i * bytes, array.bytes.get() + kept[i] * bytes, bytes);
    }
    array.sizes[0] = static_cast<std::int64_t>(kept.size());
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    batch.keys[i] = batch.keys[kept[i]];
    if (!batch.groups.empty()) batch.groups[i] = batch.groups[kept[i]];
    for (auto& [field, texts] : batch.texts) texts[i] = texts[kept[i]];
  }
  for (auto& [field, texts] : batch.texts) texts.resize(kept.size());
  batch.keys.resize(kept.size());
  if (!batch.groups.empty()) batch.groups.resize(kept.size());
  batch.size = static_cast<std::int64_t>(kept.size());
}

}  // namespace

class RowPool::Threads {
 public:
  Threads(const Dataset& dataset, Split split, Next next, std::string by,
          std::vector<std::string> texts)
      : dataset_(dataset),
        content_(dataset_.content()),
        split_(split),
        next_(std::move(next)),
        by_(std::move(by)),
        texts_(std::move(texts)),
        prefetch_(static_cast<std::size_t>(content_.options.loading.prefetch)),
        memory_(prefetch_ + 2) {  // those made ahead, and two with the reader
    for (int i = 0; i < content_.options.loading.threads(); ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
    }
  }

  bool take(Batch& batch, Position* after) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return slots_.empty() ? is_at_end_ || draw_failure_
                            : slots_.front()->done == slots_.front()->draws.size();
    });
    waited_ += std::chrono::duration<double>(Clock::now() - begin).count();
    if (slots_.empty() && draw_failure_) std::rethrow_exception(draw_failure_);
    if (slots_.empty()) return false;
    Slot& slot = *slots_.front();
    if (slot.failure) std::rethrow_exception(slot.failure);
    leave_out(slot);
    batch = std::move(slot.batch);
    if (after != nullptr) *after = slot.after;
    slots_.pop_front();
    changed_.notify_all();
    return true;
  }

  void restart(const std::function<void()>& change) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !is_drawing_; });
    change();
    slots_.clear();  // threads that still fill a row of one keep it alive
    is_at_end_ = false;
    draw_failure_ = nullptr;
    changed_.notify_all();
  }

  double waited() const {
    const std::lock_guard lock(mutex_);
    return waited_;
  }

 private:
  using SlotPointer = std::shared_ptr<Slot>;

  /// The first batch that has rows to begin with, or none.
  SlotPointer open_slot() const {
    for (const SlotPointer& slot : slots_) {
      if (slot->begun < slot->draws.size()) return slot;
    }
    return nullptr;
  }

  bool may_draw() const {
    return !is_drawing_ && !is_at_end_ && !draw_failure_ && slots_.size() < prefetch_;
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_work = [&] { return open_slot() != nullptr || may_draw(); };
    while (changed_.wait(lock, stop, has_work) && !stop.stop_requested()) {
      if (const SlotPointer slot = open_slot()) {
        fill_some(*slot, lock);
      } else {
        draw(lock);
      }
    }
  }

  void draw(std::unique_lock<std::mutex>& lock) {
    is_drawing_ = true;
    lock.unlock();
    SlotPointer slot;
    std::exception_ptr failure;
    try {
      slot = std::make_shared<Slot>(next_());
      slot->batch = empty_batch(content_, slot->draws.size(), &memory_);
      if (!by_.empty()) slot->batch.groups.resize(slot->draws.size());
      for (const std::string& field : texts_) slot->batch.texts[field].resize(slot->draws.size());
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    is_drawing_ = false;
    draw_failure_ = failure;
    if (!failure && slot->draws.empty()) is_at_end_ = true;
    if (!failure && !slot->draws.empty()) slots_.push_back(slot);
    changed_.notify_all();
  }

  /// Fills the next few rows of a batch.
  void fill_some(Slot& slot, std::unique_lock<std::mutex>& lock) {
    const std::size_t begin = slot.begun;
    const std::size_t end = std::min(begin + k_rows_at_once, slot.draws.size());
    slot.begun = end;
    lock.unlock();
    std::size_t row = begin;
    std::exception_ptr failure;
    try {
      for (; row < end; ++row) fill(slot, row);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && row < slot.failed_row) {
      slot.failed_row = row;
      slot.failure = failure;
    }
    slot.done += end - begin;
    if (slot.done == slot.draws.size()) changed_.notify_all();
  }

  void fill_texts(Slot& slot, const Draw& draw, std::size_t row) const {
    if (texts_.empty()) return;
    std::vector<std::string> texts =
        texts_of(content_, part_of(content_, split_, draw), draw.example, texts_);
    for (std::size_t i = 0; i < texts_.size(); ++i)
      slot.batch.texts.at(texts_[i])[row] = std::move(texts[i]);
  }

  void fill(Slot& slot, std::size_t row) {
    Draw draw = slot.draws[row];
    for (std::uint64_t attempt = 1;; ++attempt) {
      bool is_filled = false;
      try {
        fill_row(content_, split_, draw, slot.batch, row);
        is_filled = true;
        if (!by_.empty()) {
          slot.batch.groups[row] =
              value_of(content_, part_of(content_, split_, draw), draw.example, by_);
        }
        fill_texts(slot, draw, row);
        return;
      } catch (const Error& error) {
        // A value at `by` that is not there says that the pointer is wrong.
        if (attempt > k_most_attempts || (is_filled && !content_.quarantine.is_open())) throw;
        if (!content_.quarantine.takes(error)) content_.quarantine.refuse(error);
        set_aside(content_, part_of(content_, split_, draw), draw.example, error.what());
      }
      if (!draw.origin) {
        slot.is_bad[row] = 1;
        return;
      }
      draw = TrainingOrder::stand_in(part_of(content_, split_, draw), slot.draws[row], attempt);
    }
  }

  const Dataset dataset_;
  const Dataset::Content& content_;
  const Split split_;
  const Next next_;
  const std::string by_;
  const std::vector<std::string> texts_;
  const std::size_t prefetch_;
  BatchMemory memory_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<SlotPointer> slots_;  ///< in order
  bool is_drawing_ = false, is_at_end_ = false;
  std::exception_ptr draw_failure_;
  double waited_ = 0;
  std::vector<std::jthread> threads_;  ///< last, so that they end before what they use
};

RowPool::RowPool(const Dataset& dataset, Split split, Next next, std::string by,
                 std::vector<std::string> texts)
    : threads_(std::make_unique<Threads>(dataset, split, std::move(next), std::move(by),
                                         std::move(texts))) {}
RowPool::~RowPool() = default;

bool RowPool::take(Batch& batch, Position* after) {
  return threads_->take(batch, after);
}
void RowPool::restart(const std::function<void()>& change) {
  threads_->restart(change);
}
double RowPool::waited() const {
  return threads_->waited();
}

}  // namespace weft::host
