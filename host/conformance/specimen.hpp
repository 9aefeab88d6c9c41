// SPDX-License-Identifier: Apache-2.0
/// One created part with tensors of its own, called through the real ABI as a model would call it.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/graph/model.hpp"
#include "host/graph/node_config.hpp"
#include "host/registry/instance.hpp"

namespace weft::host {

struct Specimen {
  /// @param part    loaded
  /// @param config  complete
  /// @param wired   wires per input port
  Specimen(const Part& part, const std::string& config,
           const std::map<std::string, std::uint32_t>& wired, DType dtype);

  /// One call; new states replace the old ones. What goes into the plug-in is wider than it need
  /// be, so that a write behind an array's end is seen in `overrun`.
  /// @throws Error if the part fails; then `left_behind` holds what it had written to its outputs
  std::vector<Tensor> call(std::uint32_t role, const InputTensors& inputs,
                           const CallOptions& options = {});

  /// WEFT_ROLE_STEP on the states as they are: what the part makes of them, by buffer; absent where
  /// it leaves one. Buffers and states stay as they are.
  std::vector<Tensor> made_buffers();
  /// The same, written to the buffers; states begin anew.
  void step();

  Instance instance;
  std::vector<Tensor> parameters, buffers, states;
  std::vector<Tensor> left_behind;
  std::string overrun;              ///< which array a call wrote past; empty: none
  bool wants = true;                ///< outputs on demand, in calls outside of a sequence
  std::uint32_t unknown_flags = 0;  ///< further bits for weft_call.flags
  std::uint32_t further_bytes = 0;  ///< by which weft_call is longer, as a later host's would be
};

/// Tensors over arrays; one without bytes becomes an absent tensor.
InputTensors to_tensors(const std::vector<std::vector<Array>>& inputs);

}  // namespace weft::host
