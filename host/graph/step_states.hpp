// SPDX-License-Identifier: Apache-2.0
/// What parts accumulate over the micro-batches of a step, and the buffers that they make of it.

#pragma once

#include <cstddef>
#include <map>

#include "host/graph/metric_states.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

class StepStates {
 public:
  /// What one call wrote, begun from the initial states; merged with what is there by the rule of
  /// each state.
  void add(std::size_t node, const Instance& instance, States written);
  /// The step is over and left nothing behind.
  void clear() { states_.clear(); }
  /// Calls WEFT_ROLE_STEP of every part that accumulated, writes its buffers, and begins anew.
  /// @throws Error (plugin) where a part fails, or writes a buffer of another shape or type
  void step(const Model& model);

 private:
  std::map<std::size_t, States> states_;  // by node
};

}  // namespace weft::host
