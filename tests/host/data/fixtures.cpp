// SPDX-License-Identifier: Apache-2.0
#include "tests/host/data/fixtures.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "host/base/text.hpp"

namespace weft::host::test {
namespace {

/// `count` bytes of the value, least significant first.
std::string little(std::uint32_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~crc;
}

}  // namespace

std::string big(std::uint32_t value) {
  const std::string bytes = little(value, 4);
  return {bytes.rbegin(), bytes.rend()};
}

std::string png_chunk(const std::string& kind, const std::string& body) {
  return big(static_cast<std::uint32_t>(body.size())) + kind + body + big(crc32(kind + body));
}

std::string zlib_stored(const std::string& bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<std::uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return std::string("\x78\x01\x01", 3) + little(size, 2) + little(~size, 2) + bytes +
         big(b << 16 | a);
}

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weft-data-XXXXXX").string();
  root_ = ::mkdtemp(pattern.data());
}

Folder::~Folder() {
  std::filesystem::remove_all(root_);
}

void write_tar(const std::string& path, const Members& members) {
  archive* tar = archive_write_new();
  archive_write_set_format_pax_restricted(tar);  // ustar, and more headers for long names
  if (path.ends_with(".gz")) archive_write_add_filter_gzip(tar);
  if (path.ends_with(".zst")) archive_write_add_filter_zstd(tar);
  archive_write_set_bytes_in_last_block(tar, 1);
  archive_write_open_filename(tar, path.c_str());
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    const std::size_t arrow = name.find(" -> ");
    archive_entry_set_pathname(entry, name.substr(0, arrow).c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    if (arrow != std::string::npos) {
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, name.substr(arrow + 4).c_str());
    }
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_write_header(tar, entry);
    archive_write_data(tar, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_free(tar);
}

void write_gzip(const std::string& path, const std::string& bytes) {
  archive* raw = archive_write_new();
  archive_write_set_format_raw(raw);
  archive_write_add_filter_gzip(raw);
  archive_write_open_filename(raw, path.c_str());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(raw, entry);
  archive_write_data(raw, bytes.data(), bytes.size());
  archive_entry_free(entry);
  archive_write_free(raw);
}

void mend_header(std::string& tar) {
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
  }
  char octal[9];
  std::snprintf(octal, sizeof octal, "%06o", sum);
  tar.replace(148, 8, std::string(octal, 6) + std::string("\0 ", 2));
}

void settle(const std::string& path) {
  const auto an_hour_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, an_hour_ago);
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_file(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string png(int height, int width, int channels, const std::vector<std::uint8_t>& pixels) {
  const auto row = static_cast<std::size_t>(width * channels);
  std::string rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * row, row);
  }
  const char colour = channels == 1 ? 0 : channels == 3 ? 2 : 6;
  const std::string header = big(static_cast<std::uint32_t>(width)) +
                             big(static_cast<std::uint32_t>(height)) + '\x08' + colour +
                             std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", zlib_stored(rows)) +
         png_chunk("IEND", "");
}

std::string wav(int rate, int channels, const std::vector<std::int16_t>& samples) {
  std::string sound;
  for (const std::int16_t sample : samples) sound += little(static_cast<std::uint16_t>(sample), 2);
  const auto bytes = static_cast<std::uint32_t>(sound.size());
  const auto hertz = static_cast<std::uint32_t>(rate), parts = static_cast<std::uint32_t>(channels);
  return "RIFF" + little(36 + bytes, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) +
         little(parts, 2) + little(hertz, 4) + little(hertz * parts * 2, 4) + little(parts * 2, 2) +
         little(16, 2) + "data" + little(bytes, 4) + sound;
}

Bytes bytes_of(const std::string& text) {
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::vector<bool> flags(const Batch& batch, const std::string& field, std::int64_t row) {
  const Array& array = batch.fields.at(field);
  const std::int64_t size = array.count() / batch.size;
  const bool* first = array.data<bool>() + row * size;
  return std::vector<bool>(first, first + size);
}

std::vector<std::int64_t> integers(const Batch& batch, const std::string& field, std::int64_t row) {
  const Array& array = batch.fields.at(field);
  const std::int64_t size = array.count() / batch.size;
  const auto* first = array.data<std::int64_t>() + row * size;
  return {first, first + size};
}

std::pair<Exit, std::string> error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.exit(), error.what()};
  }
  return {Exit::ok, "no error"};
}

void write_numbers(const std::string& path, int count) {
  Members members;
  for (int i = 0; i < count; ++i) {
    const std::string key = concat("a", i);
    const auto grey = static_cast<std::uint8_t>(i * 5);
    const auto loud = static_cast<std::int16_t>(100 * (i + 1));
    std::vector<std::int16_t> samples(static_cast<std::size_t>(800 + 80 * i));
    for (std::size_t n = 0; n < samples.size(); n += 2) samples[n] = loud;
    members.emplace_back(key + ".png", png(4, 4, 1, std::vector<std::uint8_t>(16, grey)));
    members.emplace_back(key + ".wav", wav(8000, 1, samples));
    members.emplace_back(
        key + ".json",
        concat(R"({"number": )", i, R"(, "parity": ")", i % 2 ? "odd" : "even", R"(", "written": )",
               i % 3, R"(, "spoken": )", i % 3,
               R"(, "questions": [{"op": "same", "question": "Is it )", i,
               R"(?"}, {"op": "sum", "question": "What is the sum of )", i, R"( and one?"}]})"));
  }
  write_tar(path, members);
}

std::string numbers_section(const std::string& shards, const std::string& more) {
  return concat(R"({"shards": )", shards, R"(,
    "tokenizer": {"type": "char", "vocab_size": 64, "from": ["/question", "/questions/0/question"]},
    "fields": {
      "picture": {"kind": "image", "member": "png", "size": [4, 4]},
      "voice": {"kind": "log_mel", "member": "wav", "rate": 8000, "fft": 256, "hop": 80,
                "mels": 8, "frames": 12},
      "number": {"kind": "class", "pointer": "/number",
                 "classes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]},
      "parity": {"kind": "class", "pointer": "/parity", "classes": ["even", "odd"]}})",
                more, "}");
}

}  // namespace weft::host::test
