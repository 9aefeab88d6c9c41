// SPDX-License-Identifier: Apache-2.0
#include "host/base/text.hpp"

#include <algorithm>
#include <utility>

namespace weft::host {
namespace {

/// Longer words are compared with nothing, because comparing takes the product of their lengths.
constexpr std::size_t k_longest_name = 200;
/// A list of known names ends after so many.
constexpr std::size_t k_most_known = 40;

}  // namespace

std::string enumerate(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::vector<std::string> nearest(std::string_view name,
                                 const std::vector<std::string>& candidates) {
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  if (name.size() > k_longest_name) return {};
  for (const std::string& candidate : candidates) {
    if (candidate.size() > k_longest_name) continue;
    const bool contains = name.size() >= 3 && (candidate.find(name) != std::string::npos ||
                                               name.find(candidate) != std::string_view::npos);
    const std::size_t distance = edit_distance(name, candidate);
    const bool worth = distance <= limit && distance < std::max(name.size(), candidate.size());
    if (worth || (contains && !candidate.empty())) near.emplace_back(distance, candidate);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> best;
  for (std::size_t i = 0; i < near.size() && i < 3; ++i) best.push_back(near[i].second);
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  const std::vector<std::string> near = nearest(name, candidates);
  // Of two that are one letter away neither is the likelier.
  if (near.size() > 1 && edit_distance(name, near[1]) == 1)
    return concat(" Did you mean \"", near[0], "\" or \"", near[1], "\"?");
  if (!near.empty()) return " Did you mean \"" + near.front() + "\"?";
  if (candidates.empty()) return "";
  if (candidates.size() <= k_most_known) return " Known: " + enumerate(candidates) + ".";
  std::vector<std::string> first(candidates.begin(),
                                 candidates.begin() + static_cast<std::ptrdiff_t>(k_most_known));
  first.push_back(std::to_string(candidates.size() - k_most_known) + " more");
  return " Known: " + enumerate(first) + ".";
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string shape_text(const std::vector<std::int64_t>& sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace weft::host
