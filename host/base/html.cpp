// SPDX-License-Identifier: Apache-2.0
#include "host/base/html.hpp"

#include <algorithm>
#include <string_view>

#include "host/base/printable.hpp"

namespace weft::host {

namespace {

void add_escaped(std::string_view text, std::string& safe) {
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\n\t", at), text.size());
    const std::string_view words = std::string_view(text).substr(at, end - at);
    add_escaped(printable(words, std::string::npos), safe);
    if (end < text.size()) safe += text[end];
    at = end + 1;
  }
  return safe;
}

}  // namespace weft::host
