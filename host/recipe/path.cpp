// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/path.hpp"

#include <algorithm>
#include <filesystem>

#include "host/base/text.hpp"

namespace weft::host {

std::string refuse_path(const std::string& path) {
  constexpr std::size_t k_longest = 4096;  // Linux's PATH_MAX
  if (path.size() > k_longest && !path.starts_with("pipe:"))
    return concat("expected a path, found a text of ", path.size(), " bytes. A path has at most ",
                  k_longest, ".");
  std::string start = path.substr(0, path.find(':') + 1);
  std::transform(start.begin(), start.end(), start.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool has_scheme = start == "http:" || start == "https:" || start == "file:" ||
                          (!start.empty() && path.substr(start.size()).starts_with("//") &&
                           start.find('/') == std::string::npos);
  if (!has_scheme) return "";
  return concat("expected a path, found the URL \"", path,
                "\". Weft reads local files only: download it and give the file's path.");
}

std::string resolve_path(const std::string& path, const Origin& origin) {
  if (path == "-" || path.starts_with("pipe:")) return path;  // standard input, a command
  // A list of paths: the `@` is no part of the list's own path.
  if (path.starts_with('@')) return "@" + resolve_path(path.substr(1), origin);
  std::filesystem::path folder;
  if (origin.file && origin.line > 0) folder = std::filesystem::path(*origin.file).parent_path();
  return std::filesystem::absolute(folder / path).lexically_normal().string();
}

}  // namespace weft::host
