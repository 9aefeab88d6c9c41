// SPDX-License-Identifier: Apache-2.0
/// Batches of a part: what training and evaluation read from.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/easy_first.hpp"
#include "host/data/loading/position.hpp"

namespace weft::host {

class RowPool;

/// The training part without end. Each epoch holds every example exactly once, in an order of its
/// own (or in file order, if the section says so); a batch may reach into the next epoch. In a
/// blend each source has its own epochs. A batch depends on the data set, the seed, the rank and
/// its position alone. Threads prepare the next few.
///
/// With several ranks a step takes batch_size examples for each rank, one rank after the other,
/// from one and the same order: together they see what a single rank with the larger batch would
/// see, and all of them take the same number of steps. A run may be resumed on another number of
/// ranks.
///
/// A part that is streamed is read from front to back; each rank reads all of it and decodes its
/// own examples. Going on costs what reading from the beginning of the shard costs, or of
/// everything where it is standard input.
class TrainingStream {
 public:
  /// @param batch_size  examples of one step on this rank
  /// @param from        where to begin; as seek() there, and for standard input the only way
  /// @param curriculum  which of them the easiest are, while not all are drawn; may be null
  /// @throws Error (bad_data) when the data set has no training part; (bad_recipe) on shares of a
  ///         blend that are too small, and as RowOrder
  TrainingStream(const Dataset& dataset, std::int64_t batch_size, std::uint64_t seed,
                 Rank rank = {}, const Position& from = {},
                 std::shared_ptr<const EasyFirst> curriculum = nullptr);
  TrainingStream(TrainingStream&&) noexcept;
  ~TrainingStream();

  /// @throws Error (bad_data) naming the sample that cannot be used
  Batch next();

  /// Where the batch begins that next() gives.
  Position position() const;

  /// Goes on from there as if the stream had never been elsewhere, at the same cost from any place.
  /// @throws Error (bad_checkpoint) when there is no such place
  void seek(const Position& position);

  /// Seconds that next() has waited for data.
  double waited() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

/// A part once, in file order, without augmentation and exchange; the last batch may be smaller,
/// and others too where bad_samples leaves examples out.
class EvaluationStream {
 public:
  /// @param by     pointer to the value that Batch::groups gets, or empty
  /// @param texts  text fields that Batch::texts gets
  /// @param rank   of several that take turns, a batch each; where all rows of its batch are set
  ///               aside it gets an empty one, so that their turns stay together
  /// @throws Error (bad_data) when the data set has no such part
  EvaluationStream(const Dataset& dataset, Split split, std::int64_t batch_size,
                   std::string by = "", std::vector<std::string> texts = {}, Rank rank = {});
  EvaluationStream(EvaluationStream&&) noexcept;
  ~EvaluationStream();

  /// False, and the batch as it was, after the last one.
  /// @throws Error (bad_data) naming the sample that cannot be used or has no value at `by`
  bool next(Batch& batch);

  /// Seconds that next() has waited for data.
  double waited() const;

 private:
  bool gives_empty_ones_;
  std::unique_ptr<RowPool> pool_;
};

}  // namespace weft::host
