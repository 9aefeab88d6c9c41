// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/checkpoint/run_lock.hpp"
#include "host/evaluation/evaluate.hpp"

namespace weft::host {

/// Which checkpoint holds the weights.
struct SavedWeights {
  std::string stage;  ///< empty: none is saved yet
  std::int64_t step = 0;
  std::string xxh3;  ///< of model.safetensors
};

/// What the run says of one example, and what is right.
struct ShownSample {
  std::string key;
  std::string node;  ///< that answers
  std::string predicted, target;
  bool is_right() const { return predicted == target; }
};

/// What a run's evaluation gave, and what it was measured with.
struct Result {
  std::string run;  ///< the run folder
  std::string split;
  Evaluation evaluation;
  RunLock lock;
  SavedWeights weights;
  std::vector<ShownSample> samples = {};  ///< where they are asked for, wrong ones first
};

}  // namespace weft::host
