// SPDX-License-Identifier: Apache-2.0
#include "host/command/file_uri.hpp"

#include <cctype>
#include <charconv>

namespace weft::host {
namespace {

constexpr std::string_view k_scheme = "file://";

bool is_unreserved(unsigned char c) {
  return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
}

}  // namespace

std::optional<std::string> path_of_uri(const std::string& uri) {
  if (!uri.starts_with(k_scheme)) return std::nullopt;
  std::string_view left = std::string_view(uri).substr(k_scheme.size());
  if (left.starts_with("localhost/")) left.remove_prefix(9);
  if (!left.starts_with('/')) return std::nullopt;
  std::string path;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] != '%') {
      path += left[i];
      continue;
    }
    if (i + 2 >= left.size()) return std::nullopt;
    int byte = 0;
    const char* const digits = left.data() + i + 1;
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2 || byte <= 0)
      return std::nullopt;
    path += static_cast<char>(byte);
    i += 2;
  }
  return path;
}

std::string uri_of_path(const std::string& path) {
  constexpr std::string_view k_digits = "0123456789ABCDEF";
  std::string uri(k_scheme);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(byte)) {
      uri += c;
    } else {
      uri += '%';
      uri += k_digits[byte >> 4];
      uri += k_digits[byte & 15];
    }
  }
  return uri;
}

}  // namespace weft::host
