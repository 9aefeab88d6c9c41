// SPDX-License-Identifier: Apache-2.0
/// Batches made ahead of their reader by a pool of threads.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/data/dataset/content.hpp"
#include "host/data/loading/position.hpp"

namespace weft::host {

/// Fills the rows of several batches at once and gives the batches in order. At most
/// `loading.prefetch` batches are under way or wait; a reader that is slower than the threads makes
/// them wait (backpressure), so that memory is bounded.
///
/// A row that cannot be used is replaced by a stand-in in training and left out in evaluation, if
/// the section's bad_samples allows it; else the batch's turn is its Error.
class RowPool {
 public:
  struct Drawn {
    std::vector<Draw> draws;  ///< none at the end
    Position after;           ///< where the next batch begins
  };
  /// The rows of the next batch. Called by one thread at a time, in order.
  using Next = std::function<Drawn()>;

  /// @param by     pointer to the value that Batch::groups gets, or empty
  /// @param texts  text fields that Batch::texts gets
  RowPool(const Dataset& dataset, Split split, Next next, std::string by = "",
          std::vector<std::string> texts = {});
  ~RowPool();

  /// The next batch, after waiting for it; false at the end.
  /// @param after  unless null, gets Drawn::after
  /// @throws Error of the batch's first row that failed
  bool take(Batch& batch, Position* after = nullptr);

  /// Drops every batch and begins anew: `change` runs while `next` does not.
  void restart(const std::function<void()>& change);

  /// Seconds that take() has waited.
  double waited() const;

 private:
  class Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace weft::host
