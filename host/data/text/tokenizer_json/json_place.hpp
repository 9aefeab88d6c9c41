// SPDX-License-Identifier: Apache-2.0
/// A value of a JSON file from a stranger, read with its place for messages.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace weft::host {

/// Why a file is refused, without the file's name and the full stop.
struct JsonRefusal {
  std::string reason;
};

/// What fails throws JsonRefusal `POINTER: expected …, found …`.
class JsonPlace {
 public:
  /// The JSON must outlive the place.
  JsonPlace(const nlohmann::json& json, std::string pointer)
      : json_(&json), pointer_(std::move(pointer)) {}

  const nlohmann::json& json() const { return *json_; }
  [[noreturn]] void refuse(const std::string& expected) const;

  /// A key whose value is null counts as left out.
  bool has(const char* key) const;
  /// The value of an object's key.
  JsonPlace at(const char* key) const;
  /// The entries of a list of at most so many.
  std::vector<JsonPlace> list(std::size_t most) const;
  /// Refuses every key of an object but these.
  void keys(std::initializer_list<const char*> known) const;

  std::string text(std::size_t longest) const;
  bool flag() const;
  std::int64_t integer(std::int64_t low, std::int64_t high) const;

  bool flag(const char* key, bool fallback) const { return has(key) ? at(key).flag() : fallback; }

 private:
  const nlohmann::json* json_;
  std::string pointer_;
};

}  // namespace weft::host
