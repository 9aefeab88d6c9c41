// SPDX-License-Identifier: Apache-2.0
/// A run's log for programs: JSON lines, one event each. docs/formats/events.md lists them.

#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft::host {

/// A field of an event. Numbers that are not finite are written as null, because JSON has none.
using EventValue = std::variant<std::string, std::int64_t, double, std::map<std::string, double>>;

class EventWriter {
 public:
  /// Appends to the file. @throws Error (cannot_create)
  explicit EventWriter(const std::string& path);

  /// {"event": name, "time": "2026-11-24T06:30:00Z", fields…}, flushed at once.
  /// @throws Error (io) when it cannot be written
  void write(const std::string& event,
             const std::vector<std::pair<std::string, EventValue>>& fields);

 private:
  std::string path_;
  std::ofstream stream_;
};

}  // namespace weft::host
