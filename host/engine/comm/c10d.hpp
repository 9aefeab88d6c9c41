// SPDX-License-Identifier: Apache-2.0
/// Ranks on c10d with Gloo, as LibTorch brings them.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "host/engine/comm/collective.hpp"
#include "host/engine/export.hpp"

namespace weft::host {

/// Where and as whom a process joins the others.
struct Meeting {
  int rank = 0, size = 1;
  std::string address;  ///< of the store, where `port` is its port
  int port = 0;
  /// A socket that listens there, in rank 0, which then serves the store; -1: another process does.
  int listening = -1;
  std::string name;                          ///< of the attempt: keys of another are not seen
  std::chrono::milliseconds limit{600'000};  ///< of a wait for the others
  /// What plug-in code the process is in, `"fusion" (acme/fusion.gate, libacme.so)`, or empty. On
  /// any thread.
  std::function<std::string()> plug_in = [] { return std::string(); };
  /// What must be over before the process may be ended: returns when it is. On any thread.
  std::function<void()> before_end = [] {};
};

/// The ranks of a run. A thread of its own tells the others every half second that this process
/// lives and what it does. When the wait for others takes longer than the limit, that thread says
/// on standard error who does what and ends the process with Exit::interrupted.
class WEFT_ENGINE_API Ranks : public Collective {
 public:
  /// Tells the others that this rank fails, so that they end with its sentence. Waits until they
  /// have read it, for three seconds at most. Nothing is exchanged any more.
  virtual void fail(const std::string& sentence) = 0;
  /// Waits for all, at the end of the work.
  virtual void leave() = 0;
};

/// Returns when all ranks are there. @throws RankLost
WEFT_ENGINE_API std::unique_ptr<Ranks> join(const Meeting& meeting);

}  // namespace weft::host
