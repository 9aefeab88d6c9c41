// SPDX-License-Identifier: Apache-2.0
/// Host tables that watch a plug-in: which handles it holds, and what it does when the host fails.

#pragma once

#include <weft/abi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/registry/library.hpp"

namespace weft::host {

class RedZones;

/// Counts what a plug-in is given and gives back. There is one in a process, and it outlives the
/// libraries that are loaded with its tables.
class Witness {
 public:
  /// @param further_bytes  by which every table is longer, as a later host's would be
  explicit Witness(std::uint32_t further_bytes = 0);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  HostTables tables() const;

  /// From now on the host's functions are counted, and the `n`-th (from 1; 0: none) fails.
  void arm(std::uint64_t n);
  /// How many were called since it was armed.
  std::uint64_t calls() const;

  /// Makes tensor_api.empty hand out memory of these; null: of its own.
  void surround_with(RedZones* zones);

  /// References that the plug-in was given and has not given back.
  std::size_t held() const;
  /// A handle that was used without being lent or held, in words; empty: none.
  std::string misuse() const;

  static constexpr const char* injected = "the host failed on purpose";
};

/// For Specimen: a call lends these tensors; with none, its end. Nothing happens without a Witness.
void note_lent(const std::vector<weft_tensor>& handles);
/// For Specimen: the host has taken over a reference that the plug-in wrote to its outputs.
void note_taken(weft_tensor handle);

}  // namespace weft::host
