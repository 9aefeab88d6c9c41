// SPDX-License-Identifier: Apache-2.0
/// What a recipe will cost, before it is trained: what `weft plan` tells.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/engine/recorder.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// One part, loss or part of a view in a stage.
struct NodeForecast {
  struct Output {
    std::string port;
    std::vector<std::int64_t> sizes;  ///< in one micro-batch
    DType dtype = DType::float32;
  };
  std::string name, part, version, view;
  std::vector<std::size_t> producers;  ///< indices into StageForecast::nodes
  std::vector<std::string> wires;      ///< "batch.picture", "vision.tokens"
  std::vector<Output> outputs;
  std::int64_t parameters = 0;  ///< none where a view's are another node's
  std::int64_t trainable = 0;   ///< of them, in the stage
  Flops flops;                  ///< of one step
};

/// Bytes. The copy from which a checkpoint is written lives beside the steps that follow it.
struct MemoryForecast {
  /// What a few steps needed beside the tensors below: program, libraries, opened data, batches
  /// decoded ahead, what kernels and the allocator keep. Measured.
  double process = 0;
  double weights = 0;               ///< parameters and buffers, with those of views
  double optimizer = 0;             ///< what it keeps from step to step
  double gradients = 0;             ///< of what trains
  double activations = 0;           ///< the most that a micro-batch holds beside gradients
  double saved = 0;                 ///< the copy from which a checkpoint is written
  bool saves_beside_steps = false;  ///< steps follow a save

  double tensors() const;  ///< the most that they hold at one time
  double peak() const;     ///< with the process
};

struct StageForecast {
  std::string name, optimizer;
  std::int64_t steps = 0, batch_size = 0, micro_batches = 1;
  std::vector<NodeForecast> nodes;  ///< producers before consumers
  MemoryForecast memory;
  std::optional<double> step_seconds;  ///< the median of the measured ones

  std::int64_t parameters() const;
  std::int64_t trainable() const;
  double flops() const;  ///< of one step
};

struct Forecast {
  std::vector<StageForecast> stages;

  double peak_bytes() const;
  /// Of training all stages, without evaluation; none where no step was measured.
  std::optional<double> seconds() const;
};

/// Computes the gradients of one batch of each stage, then trains it for two steps and so many more
/// to measure memory and time. The session's weights are moved by that: it is not to be trained
/// afterwards.
/// REQUIRES: all its data is opened
/// @throws Error as training does
Forecast forecast(Session& session, std::int64_t measured_steps);

}  // namespace weft::host
