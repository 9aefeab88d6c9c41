// SPDX-License-Identifier: Apache-2.0
/// The calls into plug-ins that have begun and not returned, of all threads.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/base/entry.hpp"

namespace weft::host {

/// The calling thread's place for the plug-in code that it is in.
ThreadEntry* thread_entry();

/// The innermost plug-in code that the calling thread is in; null outside. For signal handlers too.
const Entry* current_entry();

/// A call that the host made and that has not returned.
struct OpenCall {
  using Id = std::pair<const void*, std::uint64_t>;
  Id id;              ///< no two calls of threads that live have the same
  std::string file;   ///< "libacme_gate.so"
  std::string part;   ///< "acme/fusion.gate"; empty: the library as a whole
  std::string place;  ///< the part's node in the recipe; empty where none is known
  std::string entry;  ///< "call", "backward of acme.square"

  /// `"fusion" (acme/fusion.gate, libacme_gate.so)`, or of it what is known.
  std::string who() const;
};

/// Of every thread the outermost call, if it is in one. May be called on any thread; the threads
/// that are in a call wait at its end while their texts are copied.
std::vector<OpenCall> open_calls();

}  // namespace weft::host
