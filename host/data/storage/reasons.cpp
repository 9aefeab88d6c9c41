// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/reasons.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// Without `SHARD, sample KEY: ` at its beginning.
std::string without_place(const BadSample& bad) {
  const std::string place = printable(concat(bad.shard, ", sample ", bad.key), k_sentence_bytes);
  if (!bad.reason.starts_with(place)) return bad.reason;
  const std::size_t end = bad.reason.find(": ", place.size());
  return end == std::string::npos ? bad.reason : bad.reason.substr(end + 2);
}

}  // namespace

std::string kind_of_reason(const BadSample& bad) {
  // The first sentence says what is wrong; those behind it give remedies, which may differ.
  const std::string reason = without_place(bad);
  std::string kind;
  bool is_quoted = false;
  for (std::size_t i = 0; i < reason.size(); ++i) {
    const char c = reason[i];
    if (!is_quoted && c == '.' && i + 1 < reason.size() && reason[i + 1] == ' ') break;
    const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted || (is_digit && kind.ends_with('0'))) continue;
    kind += is_digit ? '0' : c;
  }
  return kind;
}

std::string BadReason::sentence() const {
  std::vector<std::string> keys;
  const bool is_one_shard = std::ranges::all_of(
      shown, [&](const BadSample& bad) { return bad.shard == shown.front().shard; });
  for (const BadSample& bad : shown) {
    keys.push_back(is_one_shard ? bad.key : concat(bad.shard, ", sample ", bad.key));
  }
  return concat(count, " samples: ", reason, " E.g. ",
                is_one_shard ? concat(shown.front().shard, ", samples ") : "", enumerate(keys),
                ".");
}

std::vector<BadReason> by_reason(const std::vector<BadSample>& samples) {
  std::vector<BadReason> reasons;
  std::map<std::string, std::size_t> known;
  for (const BadSample& bad : samples) {
    const auto [place, is_new] = known.try_emplace(kind_of_reason(bad), reasons.size());
    if (is_new) reasons.push_back({without_place(bad), 0, {}});
    BadReason& reason = reasons[place->second];
    ++reason.count;
    if (reason.shown.size() < k_told_singly) reason.shown.push_back(bad);
  }
  return reasons;
}

}  // namespace weft::host
