// SPDX-License-Identifier: Apache-2.0
/// A verb that several processes do together, where a launcher started several.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/command/computing/call_watch.hpp"
#include "host/command/computing/console.hpp"
#include "host/distribution/world.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/session/observer.hpp"

namespace weft::host {

/// Of a rank that is not the first: it tells only of the data that it alone has read, and stops on
/// signals as the first does.
class Follower final : public Observer {
 public:
  explicit Follower(int rank);
  void data_warning(const std::string& sentence) override;
  void run_begins(const std::string& folder) override;
  void step_begins(const std::string& stage, std::int64_t step) override;
  void evaluation_begins() override;

 private:
  const int rank_;
  CallWatch watch_;
};

/// What is told of a rank's work: the first has a Console, the others a Follower.
class RankObserver {
 public:
  RankObserver(const Options& options, const World& world);

  Observer& observer();
  /// Null on ranks that are not the first.
  const Console* console() const { return console_.get(); }

 private:
  std::unique_ptr<Console> console_;
  std::unique_ptr<Follower> follower_;
};

/// Does the work as one of the ranks that the environment tells of, or alone. The others are told
/// what ends it. @throws what the work throws
/// @param run  the folder beside which the ranks meet, where nobody says an address
void among_ranks(const std::string& run,
                 const std::function<void(const World&, Collective&)>& work);

}  // namespace weft::host
