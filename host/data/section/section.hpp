// SPDX-License-Identifier: Apache-2.0
/// One object of a data section, read key by key with bounds; every misfit is a sentence at a
/// place.

#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

using Json = nlohmann::json;

/// Where a value of an example is found: `/question` is a JSON pointer into the sample's JSON,
/// `png` is the member KEY.png.
struct Source {
  std::string text;
  bool is_pointer() const { return text.starts_with('/'); }
};

inline constexpr double k_large = 1e9;

/// One thing that is wrong with a data section.
struct SectionProblem {
  std::string place;    ///< for people: "data field picture/patch"
  std::string pointer;  ///< below the section: "/fields/picture/patch"
  std::string text;     ///< "expected …, found …."
};

/// What is wrong with a data section, all that was found. what() joins "PLACE: TEXT".
class SectionError : public Error {
 public:
  explicit SectionError(std::vector<SectionProblem> problems);
  const std::vector<SectionProblem>& problems() const { return problems_; }

 private:
  std::vector<SectionProblem> problems_;
};

/// An object inside a data section. A misfit is noted and reading goes on with the value that the
/// key has when it is left out, so that all of an object's mistakes are told together.
class Section {
 public:
  /// The JSON must outlive the section.
  /// @param place    how messages begin
  /// @param pointer  of the object below the data section
  /// @throws SectionError where it is no object
  Section(const Json& json, std::string place, std::string pointer);

  const std::string& place() const { return place_; }
  const Json& json() const { return json_; }

  /// A key whose value is null counts as left out.
  bool has(const char* key) const;

  /// The value of the key, null without it.
  const Json& at(const char* key) const;

  /// The section under this key.
  Section inner(const char* key) const;
  /// Element `index` of the list under this key.
  Section element(const char* key, std::size_t index) const;

  /// Notes that a key does not have what is expected.
  void refuse(const std::string& key, const std::string& expected) const;
  /// Notes what was found elsewhere.
  void note(const std::vector<SectionProblem>& problems) const;
  /// Like refuse(), where reading cannot go on.
  /// @throws SectionError with all that was noted
  [[noreturn]] void fail(const std::string& key, const std::string& expected) const;
  /// @throws SectionError if anything was noted, in this object or inside it
  void require_sound() const;

  double number(const char* key, double fallback, double low, double high) const;
  float real(const char* key, double fallback, double low, double high) const {
    return static_cast<float>(number(key, fallback, low, high));
  }

  /// Without a fallback the key is required, and a misfit gives `low`.
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
  using Problems = std::shared_ptr<std::vector<SectionProblem>>;
  Section(const Json& json, std::string place, std::string pointer, Problems problems);

  const Json& json_;
  std::string place_;
  std::string pointer_;
  Problems problems_;  // shared with the objects inside
};

/// `1` of the text `1.0`, as a sample's JSON comes; other texts as they are.
std::string plain_number(const std::string& text);

}  // namespace weft::host
