// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace weft::host {

/// A table for people: columns aligned, those of numbers to the right.
class Table {
 public:
  explicit Table(const std::vector<std::string>& heads) { add(heads); }
  /// One cell for each head; shown as printable() makes it.
  void add(const std::vector<std::string>& cells);
  /// Whether there are heads alone.
  bool empty() const { return rows_.size() == 1; }
  /// Lines that end in a line feed; the first holds the heads.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weft::host
