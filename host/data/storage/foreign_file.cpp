// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/foreign_file.hpp"

#include <algorithm>
#include <cctype>

#include "host/base/text.hpp"
#include "host/data/storage/first_bytes.hpp"

namespace weft::host {
namespace {

constexpr const char* k_decompress =
    "Decompress it, or compress the tar by gzip or Zstandard, which are read";
constexpr const char* k_unpack =
    "Unpack it, and make shards of the folder: `weft data pack FOLDER --out PREFIX`";
constexpr const char* k_pack =
    "A shard is a tar of files KEY.ext: `weft data pack FOLDER --out PREFIX` makes one of a "
    "folder; an index (.jsonl) names files where they lie";
constexpr const char* k_rows =
    "Write its rows as lines of JSON in a file .jsonl: each is a sample, or names the files of one";
constexpr const char* k_download = "Download the shard again, and look at what the server answers";

bool is_text(std::string_view head) {
  return std::ranges::none_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
  });
}

bool is_of_text(FormatSort sort) {
  return sort == FormatSort::pointer || sort == FormatSort::page;
}

ForeignFile described(const FileFormat& format) {
  const std::string_view by = format.name.substr(0, format.name.rfind(' '));
  const std::string no_tar = concat("is ", format.name, ", not a tar");
  switch (format.sort) {
    case FormatSort::compressed:
      return {concat("is compressed by ", by, ", which is not read"), k_decompress};
    case FormatSort::archive: return {no_tar, k_unpack};
    case FormatSort::table: return {no_tar, k_rows};
    case FormatSort::page: return {no_tar, k_download};
    case FormatSort::pointer:
      return {concat("is ", format.name, ", not the file itself"),
              "Fetch the file: `git lfs pull`"};
    case FormatSort::media:
    case FormatSort::document:
    case FormatSort::tar: break;
  }
  return {no_tar, k_pack};
}

}  // namespace

std::optional<ForeignFile> foreign_file(std::string_view head, const std::string& name) {
  const bool reads_as_text = is_text(head);
  if (const FileFormat* const format = format_of(head)) {
    const bool is_one = !reads_as_text || is_of_text(format->sort);  // "caffeine" is no CAF
    if (is_one && format->sort != FormatSort::tar) return described(*format);
  }
  if (head.empty() || !reads_as_text) return std::nullopt;
  const std::size_t first = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  const char start = first == std::string_view::npos ? '\0' : head[first];
  if (start == '{' || start == '[') {
    return ForeignFile{"is a JSON text, not a tar",
                       "Lines of JSON are read from files whose names end in .jsonl"};
  }
  if (has_ending(name, ".csv") || has_ending(name, ".tsv")) {
    return ForeignFile{"is a table (CSV), not a tar",
                       "Tables are read from files whose names end in .csv or .tsv"};
  }
  return ForeignFile{"is a text, not a tar",
                     "Texts are read line by line from files whose names end in .txt"};
}

bool has_ending(std::string_view path, std::string_view ending) {
  if (path.size() < ending.size()) return false;
  return std::ranges::equal(path.substr(path.size() - ending.size()), ending, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

}  // namespace weft::host
