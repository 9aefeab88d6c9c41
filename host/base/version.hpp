// SPDX-License-Identifier: Apache-2.0
/// Semantic versions (semver.org 2.0.0, without build metadata) and the ranges a recipe may ask
/// for.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
  std::string text() const;
};

/// `1.2.3`; nothing for any other text.
std::optional<Version> parse_version(std::string_view text);

/// A range as npm and Cargo write it: `^1.2` (same major, or same minor below 1.0), `~1.2` (same
/// minor), `>=1.2`, `=1.2.3`, a bare `1.2` (= `^1.2`), `*` or nothing (any).
class VersionRange {
 public:
  static std::optional<VersionRange> parse(std::string_view text);
  bool contains(const Version& version) const { return version >= low_ && version < high_; }

 private:
  Version low_{0, 0, 0}, high_{1 << 30, 0, 0};
};

}  // namespace weft::host
