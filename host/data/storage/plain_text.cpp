// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/plain_text.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "host/base/text.hpp"

namespace weft::host {

std::string_view without_mark(std::string_view text) {
  using namespace std::string_view_literals;
  // UTF-32's little-endian mark begins with that of UTF-16.
  constexpr std::array<std::pair<std::string_view, const char*>, 4> others = {
      {{"\xff\xfe\0\0"sv, "UTF-32"},
       {"\0\0\xfe\xff"sv, "UTF-32"},
       {"\xff\xfe"sv, "UTF-16"},
       {"\xfe\xff"sv, "UTF-16"}}};
  for (const auto& [mark, encoding] : others) {
    if (text.starts_with(mark)) {
      throw std::invalid_argument(
          concat("is in ", encoding, ", as its byte order mark says; only UTF-8 is read"));
    }
  }
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string_view without_line_end(std::string_view text) {
  if (!text.ends_with('\n')) return text;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view without_blanks(std::string_view text) {
  const char* const blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace weft::host
