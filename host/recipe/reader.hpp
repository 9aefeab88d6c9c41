// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/recipe/meaning.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Reads one object. What is absent, or of another type and so reported, gives 0, "" or nothing.
class Reader {
 public:
  explicit Reader(const Value& object) : object_(object) {}

  std::string text(const char* key) const {
    const Value& value = section(object_, key);
    return value.text() ? *value.text() : "";
  }
  std::int64_t integer(const char* key) const {
    const Value& value = section(object_, key);
    return value.integer() ? *value.integer() : 0;
  }
  double number(const char* key) const { return section(object_, key).number(); }
  bool flag(const char* key) const {
    const bool* value = section(object_, key).boolean();
    return value != nullptr && *value;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> texts;
    for (const Value& item : section(object_, key).items())
      if (item.text()) texts.push_back(*item.text());
    return texts;
  }

 private:
  const Value& object_;
};

}  // namespace weft::host
