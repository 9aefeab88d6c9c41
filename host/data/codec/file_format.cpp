// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/file_format.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

struct Format {
  std::size_t at;  ///< where the mark stands
  std::string_view mark;
  std::string_view name;
};

/// Marks as their formats' specifications give them.
constexpr Format k_formats[] = {
    {0, "GIF8", "a GIF"},
    {0, "BM", "a BMP"},
    {0, std::string_view("II*\0", 4), "a TIFF"},
    {0, std::string_view("MM\0*", 4), "a TIFF"},
    {8, "heic", "an HEIC picture"},
    {8, "mif1", "an HEIF picture"},
    {8, "avif", "an AVIF picture"},
    {0, std::string_view("\0\0\0\x0cJXL ", 8), "a JPEG XL picture"},
    {0, "\xff\x0a", "a JPEG XL picture"},
    {0, std::string_view("\0\0\0\x0cjP  ", 8), "a JPEG 2000 picture"},
    {0, "8BPS", "a Photoshop document"},
    {0, "<svg", "an SVG drawing"},
    {8, "AIFF", "an AIFF recording"},
    {8, "AIFC", "an AIFF-C recording"},
    {0, ".snd", "an AU recording"},
    {0, "caff", "a CAF recording"},
    {0, "riff\x2e\x91\xcf\x11", "a W64 recording"},
    {0, "#!AMR", "an AMR recording"},
    {0, "NIST_1A", "a NIST SPHERE recording"},
    {0, "wvpk", "a WavPack recording"},
    {0, "MThd", "a MIDI file"},
    {0, "0&\xb2u", "a Windows Media file"},
    {0, "FLV", "a Flash video"},
    {8, "AVI ", "an AVI video"},
    {0, std::string_view("\0\0\1\xba", 4), "an MPEG program stream"},
    {0, "%PDF", "a PDF document"},
    {0, "PK\3\4", "a ZIP archive"},
    {0, "\x1f\x8b", "gzip data"},
    {0, "BZh", "bzip2 data"},
    {0,
     "\xfd"
     "7zXZ",
     "xz data"},
    {0, "\x28\xb5\x2f\xfd", "Zstandard data"},
    {0, "7z\xbc\xaf", "a 7z archive"},
    {0, "Rar!", "a RAR archive"},
    {257, "ustar", "a tar archive"},
    {0, "PAR1", "a Parquet file"},
    {0, "\x93NUMPY", "a NumPy array"},
    {0, "\x89HDF", "an HDF5 file"},
    {0, "\x89PNG", "a PNG"},
    {0, "\xff\xd8\xff", "a JPEG"},
    {8, "WEBP", "a WebP"},
    {8, "WAVE", "a WAV file"},
    {0, "fLaC", "a FLAC file"},
    {0, "OggS", "an Ogg file"},
    {0, "ID3", "an MP3"},
    {4, "ftyp", "an MP4 or M4A"},
    {0, "\x1a\x45\xdf\xa3", "a WebM or Matroska file"},
};

bool is_web_page(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string head(text.substr(0, 14));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

}  // namespace

std::string format_name(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (is_web_page(text)) return "a web page";
  for (const Format& format : k_formats) {
    if (text.size() >= format.at + format.mark.size() &&
        text.substr(format.at, format.mark.size()) == format.mark) {
      return std::string(format.name);
    }
  }
  return "";
}

void refuse_format(std::span<const std::byte> bytes, std::string_view read,
                   const std::string& place) {
  const std::string name = format_name(bytes);
  if (name.empty())
    cannot_decode(place, concat("it is neither ", read, ", or its head is damaged"));
  const std::size_t word = name.find(' ') + 1;
  const bool is_read = read.find(name.substr(word, name.find(' ', word) - word)) != read.npos;
  cannot_decode(place, is_read ? concat("it is ", name, " whose head is damaged")
                               : concat("it is ", name, ", neither ", read));
}

}  // namespace weft::host
