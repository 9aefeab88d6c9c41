// SPDX-License-Identifier: Apache-2.0
/// Words for messages: joining, quoting, and the nearest name to a misspelt one.

#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weft::host {

template <class Part>
void write_part(std::ostream& out, const Part& part) {
  if constexpr (std::is_floating_point_v<Part>) {
    if (part != part) {
      out << "nan";
      return;
    }
  }
  out << part;
}

/// All arguments written one after the other, as `operator<<` writes them; what is no number is
/// `nan`, whatever its sign.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (write_part(out, parts), ...);
  return out.str();
}

/// `a, b and c`; empty for no words.
std::string enumerate(const std::vector<std::string>& words);

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
/// (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidates nearest to `name`, best first: at most three, none farther than a third of the
/// name's length (at least two edits) unless one contains the other.
std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

/// ` Did you mean "vision"?`, or ` Known: a, b and c.` when nothing is near; empty without
/// candidates. Begins with a space, so that it can follow a sentence.
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

/// Every `from` in the text becomes `to`. REQUIRES: `from` is not empty.
void replace_all(std::string& text, std::string_view from, std::string_view to);

/// `[32, 49, 64]`.
std::string shape_text(const std::vector<std::int64_t>& sizes);

/// FNV-1a of `text`, started from `seed`: the same on every machine and in every version.
std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0);

/// True when `name` matches `pattern`, in which `*` stands for any run of characters.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace weft::host
