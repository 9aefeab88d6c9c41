// SPDX-License-Identifier: Apache-2.0
/// What operations compute and how much memory their tensors take, while a recorder lives.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "host/engine/export.hpp"

namespace weft::host {

/// Floating-point operations, a multiplication and an addition being two.
struct Flops {
  double forward = 0.0, backward = 0.0;
};

/// Wall-clock time that a scope took, without the scopes within it, and what stayed in memory.
struct ScopeCost {
  double forward_seconds = 0.0, backward_seconds = 0.0;
  std::int64_t kept_bytes =
      0;  ///< made on the way there and not freed there: mostly for the way back
};

/// Records the operations of the thread that made it, and what they do on the way back.
///
/// FLOPs are counted of matrix products (mm, bmm, addmm, baddbmm, mv, addmv, dot), convolutions and
/// fused attention, from the sizes of each call; what other operations do is small beside these and
/// is not counted. An operation inside one that was counted is not counted again. Causal attention
/// counts as if it were whole.
class WEFT_ENGINE_API OperationRecorder {
 public:
  /// REQUIRES: no other lives on this thread
  OperationRecorder();
  ~OperationRecorder();
  OperationRecorder(const OperationRecorder&) = delete;
  OperationRecorder& operator=(const OperationRecorder&) = delete;

  /// By the label of the scope in which the forward operation was called; "" outside of all.
  const std::map<std::string, Flops>& flops() const;
  /// Likewise, up to now. Time of the way back outside of all autograd nodes is that of "". On a
  /// device that computes behind its calls it is the time of the calls.
  const std::map<std::string, ScopeCost>& costs() const;
  /// The most bytes that tensors made since the beginning held at one time.
  std::int64_t peak_bytes() const;
  /// What they hold now.
  std::int64_t bytes() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::uint64_t callback_ = 0;
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

/// While it lives, operations that this thread calls are recorded under `label`. Without a recorder
/// it does nothing.
class WEFT_ENGINE_API RecordedScope {
 public:
  explicit RecordedScope(const std::string& label);
  ~RecordedScope();
  RecordedScope(const RecordedScope&) = delete;
  RecordedScope& operator=(const RecordedScope&) = delete;

 private:
  std::string outer_;
};

}  // namespace weft::host
