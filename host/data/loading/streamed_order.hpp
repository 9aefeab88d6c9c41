// SPDX-License-Identifier: Apache-2.0
/// A part that is read from front to back: tars, commands, standard input.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/loading/position.hpp"
#include "host/data/storage/tar_reader.hpp"

namespace weft::host {

/// The examples of a streamed part, one after the other. Training has no end, and shuffles the
/// shards of each epoch and then each run of `order.buffer` examples, which it holds in memory as
/// they were read. Evaluation sees them once, in file order.
/// Consecutive members with one key are a sample.
class StreamedOrder {
 public:
  /// Keeps a reference to the content.
  /// @param seed  of training; without one it is evaluation
  StreamedOrder(const Dataset::Content& content, Split split, std::optional<std::uint64_t> seed);

  /// The next example. In training epoch follows epoch without end; else nothing at the end.
  /// @throws Error (bad_data) on a damaged tar, unless bad_samples sets its rest aside; (io) when a
  ///         command fails; (no_input) when standard input ends in training
  std::optional<Draw> next();

  /// The place behind the last example.
  const Position& position() const { return position_; }
  /// @throws Error (bad_checkpoint) when standard input was read already; else as next()
  void seek(const Position& position);

  /// Lets a next() that waits for a command fail. [any thread]
  void cancel() { cancelled_ = true; }

 private:
  /// The tar at hand.
  struct Open {
    std::unique_ptr<TarInput> input;
    std::unique_ptr<TarReader> tar;
    std::string name;  ///< for messages
    bool has_begun = false;
    bool has_member = false;       ///< the reader stands on a member
    std::optional<Error> failure;  ///< met when it went behind a whole sample
  };

  bool read_run();
  bool read_sample(SplitContent& run);
  void go_on();
  void add_examples(SplitContent& run, std::shared_ptr<const Shard> shard);
  void set_aside(const std::string& key, const Error& error);
  void open_next();
  bool begin_epoch();
  std::string entry_of(std::int64_t shard) const;

  const Dataset::Content& content_;
  const SplitContent& part_;
  Split split_;
  std::optional<std::uint64_t> seed_;
  std::size_t run_size_;
  bool is_shuffled_;
  std::atomic<bool> cancelled_ = false;

  // Where reading stands: examples that the open shard has given, and how many of them are passed
  // over when going on from a position.
  std::int64_t epoch_ = 0, shard_ = 0, example_ = 0, skip_ = 0;
  std::int64_t seen_ = 0;                ///< examples read by this process
  std::int64_t seen_before_epoch_ = -1;  ///< -1: the epoch was not read from its beginning
  Open open_;
  std::shared_ptr<const SplitContent> run_;
  Position position_;
};

}  // namespace weft::host
