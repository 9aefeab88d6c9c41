// SPDX-License-Identifier: Apache-2.0
/// One object of a data section, read key by key with bounds; every misfit is a sentence.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace weft::host {

using Json = nlohmann::json;

/// Where a value of an example is found: `/question` is a JSON pointer into the sample's JSON,
/// `png` is the member KEY.png.
struct Source {
  std::string text;
  bool is_pointer() const { return text.starts_with('/'); }
};

inline constexpr double k_large = 1e9;

/// What fails throws Error (bad_recipe) `PLACE/KEY: expected …, found ….`
class Section {
 public:
  /// The JSON must outlive the section.
  Section(const Json& json, std::string place);

  const std::string& place() const { return place_; }
  const Json& json() const { return json_; }

  /// A key whose value is null counts as left out.
  bool has(const char* key) const;

  /// The value of the key, null without it.
  const Json& at(const char* key) const;

  /// The section under this key.
  Section inner(const char* key) const { return {at(key), place_ + "/" + key}; }

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const;

  double number(const char* key, double fallback, double low, double high) const;
  float real(const char* key, double fallback, double low, double high) const {
    return static_cast<float>(number(key, fallback, low, high));
  }

  /// Without a fallback the key is required.
  int integer(const char* key, std::optional<int> fallback, int low, int high) const;

  bool flag(const char* key) const;
  std::string word(const char* key, const std::string& fallback) const;

  /// Texts as they are; true and false as JSON writes them, and numbers, which are whole without a
  /// fraction.
  std::vector<std::string> words(const char* key) const;

  /// `text`, which stands under `key`, as the name of a member, or several: `jpg;jpeg;png`.
  std::string members(const char* key, const std::string& text) const;

  /// `text`, which stands under `key`, as a well-formed JSON pointer.
  std::string pointer(const char* key, const std::string& text) const;

 private:
  const Json& json_;
  std::string place_;
};

/// `1` of the text `1.0`, as a sample's JSON comes; other texts as they are.
std::string plain_number(const std::string& text);

}  // namespace weft::host
