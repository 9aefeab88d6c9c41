// SPDX-License-Identifier: Apache-2.0
/// Tells which samples were set aside because they cannot be used.

#pragma once

#include <map>
#include <string>

#include "host/data/dataset.hpp"
#include "host/report/events.hpp"

namespace weft::host {

class SetAsideReport {
 public:
  /// Writes to standard error only.
  SetAsideReport() = default;

  /// @param path  a file of JSON lines {"event": "set_aside", …, "data", "shard", "key", "reason"};
  ///              it is made with the first sample, and appended to
  explicit SetAsideReport(std::string path) : path_(std::move(path)) {}

  /// Tells of each sample that was not told of before.
  /// @throws Error (cannot_create, io)
  void tell(const std::map<std::string, Dataset>& data);

  /// Tells at the end of its scope, whatever brought that about, and passes over a failure to.
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
  std::string path_;
  std::map<std::string, std::size_t> told_;  ///< how many, by data section
};

}  // namespace weft::host
