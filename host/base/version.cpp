// SPDX-License-Identifier: Apache-2.0
#include "host/base/version.hpp"

#include <array>
#include <charconv>

namespace weft::host {
namespace {

/// Versions stay below it, so that a range may add one.
constexpr int k_limit = 1 << 30;

/// Reads one to three numbers with dots between; returns how many, 0 if the text is anything else.
int read_numbers(std::string_view text, std::array<int, 3>& numbers) {
  int count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < 3) {
    int& number = numbers[static_cast<std::size_t>(count)];
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || *at == '-' || number >= k_limit) return 0;
    if (*at == '0' && next - at > 1) return 0;  // semver.org allows no leading zeros
    ++count;
    if (next == end) return count;
    if (*next != '.') return 0;
    at = next + 1;
  }
  return 0;
}

}  // namespace

std::string Version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<Version> parse_version(std::string_view text) {
  std::array<int, 3> n{};
  if (read_numbers(text, n) != 3) return std::nullopt;
  return Version{n[0], n[1], n[2]};
}

std::optional<VersionRange> VersionRange::parse(std::string_view text) {
  VersionRange range;
  if (text.empty() || text == "*") return range;
  std::string_view sign = "^";
  for (const std::string_view known : {"^", "~", ">=", "="}) {
    if (text.starts_with(known)) {
      sign = known;
      text.remove_prefix(known.size());
      break;
    }
  }
  std::array<int, 3> n{};
  const int given = read_numbers(text, n);
  if (given == 0) return std::nullopt;
  range.low_ = {n[0], n[1], n[2]};
  if (sign == "=") {
    if (given != 3) return std::nullopt;
    range.high_ = {n[0], n[1], n[2] + 1};
  } else if (sign == "~") {
    range.high_ = given == 1 ? Version{n[0] + 1, 0, 0} : Version{n[0], n[1] + 1, 0};
  } else if (sign == "^") {
    if (n[0] > 0 || given == 1)
      range.high_ = {n[0] + 1, 0, 0};
    else if (n[1] > 0 || given == 2)
      range.high_ = {0, n[1] + 1, 0};
    else
      range.high_ = {0, 0, n[2] + 1};
  }
  return range;
}

}  // namespace weft::host
