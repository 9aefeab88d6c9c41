// SPDX-License-Identifier: Apache-2.0
/// Weights of which each rank keeps a part and fetches the rest while it computes with them
/// (ZeRO-3; Rajbhandari et al., "ZeRO: Memory optimizations toward training trillion parameter
/// models", 2020).
///
/// A unit is what one call computes with. All ranks make the same calls in the same order. On the
/// way back nothing depends on which gradients a rank has: when the first one reaches a call's
/// outputs, the units of all calls from the last one down to it are fetched and let go, one after
/// the other; at the end those that are left.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "host/engine/comm/collective.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

class WEFT_ENGINE_API ShardedWeights {
 public:
  /// A rank for each tensor.
  struct Owned {
    Tensor tensor;
    int owner = 0;
  };

  /// Lets go of what other ranks own.
  /// @param weights  each tensor once
  /// @param units    of indices into `weights`
  ShardedWeights(Collective& ranks, const std::vector<Owned>& weights,
                 std::vector<std::vector<std::size_t>> units);
  /// Leaves the weights as they are: hold() before, to have them whole.
  ~ShardedWeights();
  ShardedWeights(const ShardedWeights&) = delete;
  ShardedWeights& operator=(const ShardedWeights&) = delete;

  /// All ranks have the unit's weights from begin() to end(), and may nest them.
  void begin(std::size_t unit);
  void end(std::size_t unit);
  /// The unit has computed `outputs`, which were recorded: a gradient that reaches them fetches it.
  void watch(std::size_t unit, const std::vector<Tensor>& outputs);
  /// All ranks have ended the way back of what was watched.
  void end_backward();

  /// All ranks have all weights from hold() to let_go(); whatever they compute in between needs no
  /// other rank.
  void hold();
  void let_go();

  /// Bytes that this rank has of them now.
  std::size_t bytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weft::host
