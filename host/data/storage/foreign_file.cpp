// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/foreign_file.hpp"

#include <algorithm>
#include <cctype>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

using namespace std::string_view_literals;

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

struct Mark {
  std::string_view bytes;
  std::size_t at;
  const char* found;
  const char* remedy;
};

constexpr Mark k_marks[] = {
    {"BZh"sv, 0, "is compressed by bzip2, which is not read", k_decompress},
    {"\xfd\x37zXZ\0"sv, 0, "is compressed by xz, which is not read", k_decompress},
    {"\x5d\0\0\x80\0"sv, 0, "is compressed by lzma, which is not read", k_decompress},
    {"\x04\x22\x4d\x18"sv, 0, "is compressed by lz4, which is not read", k_decompress},
    {"LZIP"sv, 0, "is compressed by lzip, which is not read", k_decompress},
    {"\x1f\x9d"sv, 0, "is compressed by compress, which is not read", k_decompress},
    {"PK\x03\x04"sv, 0, "is a ZIP archive, not a tar", k_unpack},
    {"PK\x05\x06"sv, 0, "is a ZIP archive, not a tar", k_unpack},
    {"7z\xbc\xaf\x27\x1c"sv, 0, "is a 7-Zip archive, not a tar", k_unpack},
    {"Rar!\x1a\x07"sv, 0, "is a RAR archive, not a tar", k_unpack},
    {"\x89PNG"sv, 0, "is a picture (PNG), not a tar", k_pack},
    {"\xff\xd8\xff"sv, 0, "is a picture (JPEG), not a tar", k_pack},
    {"GIF8"sv, 0, "is a picture (GIF), not a tar", k_pack},
    {"WEBP"sv, 8, "is a picture (WebP), not a tar", k_pack},
    {"WAVE"sv, 8, "is a recording (WAV), not a tar", k_pack},
    {"fLaC"sv, 0, "is a recording (FLAC), not a tar", k_pack},
    {"OggS"sv, 0, "is a recording (Ogg), not a tar", k_pack},
    {"ID3"sv, 0, "is a recording (MP3), not a tar", k_pack},
    {"ftyp"sv, 4, "is a video or a recording (MP4), not a tar", k_pack},
    {"\x1a\x45\xdf\xa3"sv, 0, "is a video or a recording (Matroska), not a tar", k_pack},
    {"%PDF"sv, 0, "is a PDF, not a tar", k_pack},
    {"\x93NUMPY"sv, 0, "is an array of NumPy, not a tar", k_pack},
    {"PAR1"sv, 0, "is a table (Parquet), not a tar", k_rows},
    {"ARROW1"sv, 0, "is a table (Arrow), not a tar", k_rows},
    {"\x89HDF"sv, 0, "is an HDF5 file, not a tar", k_rows},
    {"SQLite format 3"sv, 0, "is a database (SQLite), not a tar", k_rows},
    {"version https://git-lfs"sv, 0, "is a pointer of Git LFS, not the file itself",
     "Fetch the file: `git lfs pull`"},
    {"<!DOCTYPE html"sv, 0, "is a web page, not a tar", k_download},
    {"<html"sv, 0, "is a web page, not a tar", k_download},
    {"<?xml"sv, 0, "is an XML text, not a tar", k_download}};

bool is_text(std::string_view head) {
  return std::ranges::none_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
  });
}

}  // namespace

std::optional<ForeignFile> foreign_file(std::string_view head, const std::string& name) {
  for (const Mark& mark : k_marks) {
    if (head.size() > mark.at && head.substr(mark.at).starts_with(mark.bytes)) {
      return ForeignFile{mark.found, mark.remedy};
    }
  }
  if (head.empty() || !is_text(head)) return std::nullopt;
  const std::size_t first = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  const char start = first == std::string_view::npos ? '\0' : head[first];
  if (start == '{' || start == '[') {
    return ForeignFile{"is a JSON text, not a tar",
                       "Lines of JSON are read from files whose names end in .jsonl"};
  }
  if (has_ending(name, ".csv") || has_ending(name, ".tsv")) {
    return ForeignFile{"is a table (CSV), not a tar", k_rows};
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
