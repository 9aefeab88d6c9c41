// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/shot_options.hpp"

#include <algorithm>

namespace weft::host {
namespace {

/// `Q: {/question}\n` in parts; a brace of a text is written twice.
std::vector<TemplatePart> parts_of(const Section& shots, const std::string& text) {
  const auto refuse = [&] {
    shots.refuse("template",
                 "a text with values in braces, such as Q: {/question}; a brace itself is {{ or "
                 "}}");
    return std::vector<TemplatePart>{};
  };
  std::vector<TemplatePart> parts;
  std::string letters;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter != '{' && letter != '}') {
      letters += letter;
    } else if (i + 1 < text.size() && text[i + 1] == letter) {
      letters += letter;
      ++i;
    } else {
      const std::size_t end = text.find('}', i);
      if (letter == '}' || end == std::string::npos || end == i + 1) return refuse();
      const std::string value = text.substr(i + 1, end - i - 1);
      const bool is_pointer = value.starts_with('/');
      parts.push_back({letters, {is_pointer ? shots.pointer("template", value) : value}});
      letters.clear();
      i = end;
    }
  }
  if (parts.empty()) return refuse();
  if (!letters.empty()) parts.push_back({letters, {}});
  return parts;
}

}  // namespace

ShotOptions shot_options(const Section& field) {
  if (!field.has("shots")) return {};
  constexpr int k_most = 1000, k_largest_seed = 2'147'483'647;
  const Section shots = field.inner("shots");
  ShotOptions options;
  options.count = shots.integer("count", std::nullopt, 0, k_most);
  options.layout = parts_of(shots, shots.word("template", ""));
  options.seed = static_cast<std::uint64_t>(shots.integer("seed", 0, 0, k_largest_seed));
  if (shots.has("group_by"))
    options.group_by = shots.pointer("group_by", shots.word("group_by", ""));
  return options;
}

}  // namespace weft::host
