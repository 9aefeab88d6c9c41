// SPDX-License-Identifier: Apache-2.0
/// A run's log for programs: JSON lines, one event each. docs/formats/events.md lists them.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// A field of an event. Numbers that are not finite are written as null, because JSON has none.
using EventValue =
    std::variant<std::string, std::int64_t, double, std::map<std::string, double>,
                 std::map<std::string, std::map<std::string, double>>, std::vector<std::string>>;

class EventWriter {
 public:
  /// Appends to a file of the folder, not behind a link. A last line that a kill cut off is
  /// mended: ended where it is whole, else removed. @throws Error (cannot_create, io)
  EventWriter(const OpenFolder& folder, const std::string& name);
  /// Writes nothing: for a process of several that is not the one that writes.
  EventWriter() = default;
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// {"event": name, "time": "2026-11-24T06:30:00Z", fields…}, written at once.
  /// @throws Error (io) when it cannot be written
  void write(const std::string& event,
             const std::vector<std::pair<std::string, EventValue>>& fields);

 private:
  void mend();
  void append(const std::string& text);
  [[noreturn]] void fail() const;

  std::string path_;
  int number_ = -1;
};

}  // namespace weft::host
