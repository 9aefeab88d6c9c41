// SPDX-License-Identifier: Apache-2.0
/// Checkpoints of a run that one or several ranks write, beside training.

#pragma once

#include <functional>
#include <string>

#include "host/checkpoint/checkpoint_writer.hpp"
#include "host/engine/comm/collective.hpp"

namespace weft::host {

/// A checkpoint that is whole is written by the first rank. Of one in pieces each rank writes its
/// own; once all are on the disk, the first makes them one. Every rank makes the same calls, but
/// for wait().
class RunSaving {
 public:
  using Told = std::function<void(const Checkpoint&)>;

  /// @param run   outlives this
  /// @param told  a checkpoint is there, on the first rank; on the others, their share is done
  RunSaving(const OpenFolder& run, Collective& ranks, Told told)
      : ranks_(ranks), run_(run), writer_(run), told_(std::move(told)) {}

  /// Returns while threads of their own write. REQUIRES: flush() after the one before.
  void begin(Checkpoint checkpoint);
  /// Before each step: goes on with what has been written meanwhile. Waits for no disk.
  /// @throws Error where writing failed, as all below
  void look();
  /// Returns when what was begun is on the disk, as far as this rank has to do with it.
  void flush();
  /// After an error, which ends training and reaches no other rank: waits for what this rank is
  /// writing. Pieces that are not one yet stay unfinished.
  void wait();

 private:
  bool is_written() const { return writer_.is_written(); }
  void join();
  void tell();

  Collective& ranks_;
  const OpenFolder& run_;
  CheckpointWriter writer_;
  const Told told_;
  bool in_pieces_ = false;  // they are being written
};

}  // namespace weft::host
