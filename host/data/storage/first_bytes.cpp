// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/first_bytes.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace weft::host {
namespace {

using namespace std::string_view_literals;
using enum FormatSort;

/// Marks as their formats' specifications give them.
constexpr FileFormat k_formats[] = {
    {"GIF8"sv, 0, "a GIF", media},
    {"BM"sv, 0, "a BMP", media},
    {"II*\0"sv, 0, "a TIFF", media},
    {"MM\0*"sv, 0, "a TIFF", media},
    {"heic"sv, 8, "an HEIC picture", media},
    {"mif1"sv, 8, "an HEIF picture", media},
    {"avif"sv, 8, "an AVIF picture", media},
    {"\0\0\0\x0cJXL "sv, 0, "a JPEG XL picture", media},
    {"\xff\x0a"sv, 0, "a JPEG XL picture", media},
    {"\0\0\0\x0cjP  "sv, 0, "a JPEG 2000 picture", media},
    {"8BPS"sv, 0, "a Photoshop document", media},
    {"<svg"sv, 0, "an SVG drawing", media},
    {"AIFF"sv, 8, "an AIFF recording", media},
    {"AIFC"sv, 8, "an AIFF-C recording", media},
    {".snd"sv, 0, "an AU recording", media},
    {"caff"sv, 0, "a CAF recording", media},
    {"riff\x2e\x91\xcf\x11"sv, 0, "a W64 recording", media},
    {"#!AMR"sv, 0, "an AMR recording", media},
    {"NIST_1A"sv, 0, "a NIST SPHERE recording", media},
    {"wvpk"sv, 0, "a WavPack recording", media},
    {"MThd"sv, 0, "a MIDI file", media},
    {"0&\xb2u"sv, 0, "a Windows Media file", media},
    {"FLV"sv, 0, "a Flash video", media},
    {"AVI "sv, 8, "an AVI video", media},
    {"\0\0\1\xba"sv, 0, "an MPEG program stream", media},
    {"%PDF"sv, 0, "a PDF document", document},
    {"PK\x03\x04"sv, 0, "a ZIP archive", archive},
    {"PK\x05\x06"sv, 0, "a ZIP archive", archive},
    {"7z\xbc\xaf\x27\x1c"sv, 0, "a 7z archive", archive},
    {"Rar!\x1a\x07"sv, 0, "a RAR archive", archive},
    {"ustar"sv, 257, "a tar archive", tar},
    {"\x1f\x8b"sv, 0, "gzip data", compressed},
    {"BZh"sv, 0, "bzip2 data", compressed},
    {"\xfd\x37zXZ\0"sv, 0, "xz data", compressed},
    {"\x28\xb5\x2f\xfd"sv, 0, "Zstandard data", compressed},
    {"\x5d\0\0\x80\0"sv, 0, "lzma data", compressed},
    {"\x04\x22\x4d\x18"sv, 0, "lz4 data", compressed},
    {"LZIP"sv, 0, "lzip data", compressed},
    {"\x1f\x9d"sv, 0, "compress data", compressed},
    {"PAR1"sv, 0, "a Parquet table", table},
    {"ARROW1"sv, 0, "an Arrow table", table},
    {"\x89HDF"sv, 0, "an HDF5 file", table},
    {"SQLite format 3"sv, 0, "an SQLite database", table},
    {"\x93NUMPY"sv, 0, "a NumPy array", document},
    {"\x89PNG"sv, 0, "a PNG", media},
    {"\xff\xd8\xff"sv, 0, "a JPEG", media},
    {"WEBP"sv, 8, "a WebP", media},
    {"WAVE"sv, 8, "a WAV file", media},
    {"fLaC"sv, 0, "a FLAC file", media},
    {"OggS"sv, 0, "an Ogg file", media},
    {"ID3"sv, 0, "an MP3", media},
    {"ftyp"sv, 4, "an MP4 or M4A", media},
    {"\x1a\x45\xdf\xa3"sv, 0, "a WebM or Matroska file", media},
    {"version https://git-lfs"sv, 0, "a pointer of Git LFS", pointer},
    {"<?xml"sv, 0, "an XML text", page},
};

constexpr FileFormat k_page = {"", 0, "a web page", page};

bool is_web_page(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string head(text.substr(0, 14));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

}  // namespace

const FileFormat* format_of(std::string_view head) {
  if (is_web_page(head)) return &k_page;
  const auto* const found = std::ranges::find_if(k_formats, [&](const FileFormat& format) {
    return head.size() > format.at && head.substr(format.at).starts_with(format.mark);
  });
  return found == std::end(k_formats) ? nullptr : found;
}

}  // namespace weft::host
