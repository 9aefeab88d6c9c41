// SPDX-License-Identifier: Apache-2.0
/// Tells which samples were set aside because they cannot be used.

#pragma once

#include <map>
#include <string>
#include <utility>

#include "host/data/dataset/dataset.hpp"
#include "host/report/events.hpp"
#include "host/session/observer.hpp"

namespace weft::host {

class SetAsideReport {
 public:
  /// Tells the observer, which outlives this.
  explicit SetAsideReport(Observer& observer) : observer_(observer) {}

  /// Writes to the run's set_aside.jsonl too, made with the first sample and appended to: JSON
  /// lines
  /// {"event": "set_aside", …, "data", "shard", "key", "reason"}.
  /// @param run  outlives this
  SetAsideReport(Observer& observer, const OpenFolder& run) : observer_(observer), run_(&run) {}

  /// Tells of each sample that was not told of before; the observer of a few for one reason.
  /// @throws Error (cannot_create, io)
  void tell(const std::map<std::string, Dataset>& data);

  /// Tells how many there were for a reason, where not each was told.
  void sum_up(const std::map<std::string, Dataset>& data) const;

  /// Tells and sums up at the end of its scope, whatever brought that about, and passes over a
  /// failure to.
  class AtEnd {
   public:
    AtEnd(SetAsideReport& report, const std::map<std::string, Dataset>& data)
        : report_(report), data_(data) {}
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
    ~AtEnd();

   private:
    SetAsideReport& report_;
    const std::map<std::string, Dataset>& data_;
  };

 private:
  Observer& observer_;
  const OpenFolder* run_ = nullptr;
  std::map<std::string, std::size_t> told_;  ///< how many, by data section
  std::map<std::pair<std::string, std::string>, std::size_t> told_of_;  ///< by that and the reason
};

}  // namespace weft::host
