// SPDX-License-Identifier: Apache-2.0
/// How fast a data section is, as a whole and stage by stage. Nothing of it is in the way of
/// training: the stages are called one by one, from outside.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"

namespace weft::host {

/// What one thread spends on one example: processor time, of reading the time by the clock.
struct StageSpeed {
  std::string
      name;  ///< `reading`, `decoding picture`, `values and JSON`, `encoding text`, `assembling`
  double seconds = 0;  ///< per example, the mean
};

struct Speed {
  std::int64_t samples = 0;  ///< that the stream gave while it was timed
  double seconds = 0;        ///< it took them
  double waited = 0;         ///< of which the reader waited for data
  int workers = 0;           ///< threads of the stream
  int cores = 0;             ///< that the process may use at once
  bool has_cache = false;    ///< whether decoded features are kept
  double bytes = 0;          ///< read from shards per example, the mean
  std::int64_t timed = 0;    ///< examples over which the stages are timed
  std::vector<StageSpeed> stages;

  double per_second() const { return seconds > 0 ? static_cast<double>(samples) / seconds : 0; }
  /// Seconds of a thread for one example, all stages together.
  double cost() const;
  /// Examples per second that the threads could at most give.
  double most() const;
  /// One sentence: which stage takes most, and what follows from it.
  std::string limit() const;
};

/// Times the stages over the first examples of a part, on one thread, for a third of `seconds`
/// (at most 1,000 of them), then takes batches for the rest, from a TrainingStream or of another
/// part from one EvaluationStream after the other,
/// and at last lets it make all the batches ahead that it may, so that memory is at its fullest.
/// @param uncached  the section opened with loading.cache 0, for the stages; may be the same
/// @param batch     examples of a batch
/// @throws Error as TrainingStream and EvaluationStream
Speed measure_speed(const Dataset& dataset, const Dataset& uncached, Split split,
                    std::int64_t batch, std::uint64_t seed, double seconds);

}  // namespace weft::host
