// SPDX-License-Identifier: Apache-2.0
#include "host/data/kept.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "host/base/text.hpp"
#include "host/data/fingerprint.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// Raised when what a record holds changes. The fingerprint of all that follows comes first.
constexpr std::string_view k_version = "weft shard index 1\n";
constexpr std::size_t k_digits = 32;
constexpr std::size_t k_largest_record = std::size_t{1} << 30;

std::string fingerprint_of(std::string_view text) {
  Fingerprint fingerprint;
  fingerprint.add(text);
  return fingerprint.hex();
}

fs::path file_of(const std::string& cache_folder, const std::string& path) {
  return fs::path(cache_folder) / concat("shard-", fingerprint_of(path).substr(0, 16), ".index");
}

/// What the fingerprint covers: two paths with the same file name in the cache do not mix.
std::string sealed(const std::string& path, const std::string& bytes) {
  const std::string rest = concat(k_version, path, '\0', bytes);
  return fingerprint_of(rest) + rest;
}

}  // namespace

void Record::put(std::int64_t number) {
  bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void Record::put(std::string_view text) {
  put(static_cast<std::int64_t>(text.size()));
  bytes_.append(text);
}

void Record::put(const FileStamp& stamp) {
  put(stamp.size);
  put(stamp.modified);
  put(static_cast<std::int64_t>(stamp.inode));
}

std::string_view Record::take(std::size_t count) {
  if (count > bytes_.size() - taken_) throw std::out_of_range("the record ends");
  taken_ += count;
  return std::string_view(bytes_).substr(taken_ - count, count);
}

std::int64_t Record::number() {
  std::int64_t number = 0;
  std::memcpy(&number, take(sizeof number).data(), sizeof number);
  return number;
}

std::string Record::text() {
  return std::string(take(static_cast<std::size_t>(number())));
}

FileStamp Record::stamp() {
  FileStamp stamp;
  stamp.size = number();
  stamp.modified = number();
  stamp.inode = static_cast<std::uint64_t>(number());
  return stamp;
}

std::optional<Record> find_kept(const std::string& cache_folder, const std::string& path) {
  if (cache_folder.empty()) return std::nullopt;
  DataFile file(file_of(cache_folder, path).string());
  if (!file.problem().empty()) return std::nullopt;
  try {
    const Bytes bytes = file.read_all(k_largest_record);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::string head = concat(k_version, path, '\0');
    if (text.size() < k_digits || text.substr(k_digits, head.size()) != head) return std::nullopt;
    if (fingerprint_of(text.substr(k_digits)) != text.substr(0, k_digits)) return std::nullopt;
    return Record(std::string(text.substr(k_digits + head.size())));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void keep(const std::string& cache_folder, const std::string& path, const Record& record) {
  if (cache_folder.empty()) return;
  const fs::path file = file_of(cache_folder, path);
  const fs::path temporary = fs::path(file).concat(concat(".", ::getpid()));
  std::error_code ignored;
  fs::create_directories(cache_folder, ignored);
  std::ofstream stream(temporary, std::ios::binary);
  stream << sealed(path, record.bytes());
  stream.close();
  if (stream) fs::rename(temporary, file, ignored);
  fs::remove(temporary, ignored);
}

bool is_settled(const FileStamp& stamp) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - stamp.modified >
         2'000'000'000;
}

}  // namespace weft::host
