// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/index_cache.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <utility>

#include "host/base/fingerprint.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// Raised when what a record holds changes. The fingerprint of all that follows comes first.
constexpr std::string_view k_version = "weft shard index 4\n";
constexpr std::size_t k_digits = 32;
constexpr std::size_t k_piece = std::size_t{1} << 16;  ///< bytes that are written or read at once

fs::path file_of(const std::string& cache_folder, const std::string& path) {
  Fingerprint fingerprint;
  fingerprint.add(path);
  return fs::path(cache_folder) / concat("shard-", fingerprint.hex().substr(0, 16), ".index");
}

/// What the fingerprint covers too: two paths with the same file name in the cache do not mix.
std::string head_of(const std::string& path) {
  return concat(k_version, path, '\0');
}

/// The pieces of a file from an offset on.
std::function<std::string()> pieces(std::shared_ptr<const DataFile> file, std::size_t offset) {
  return [file = std::move(file), at = static_cast<std::int64_t>(offset)]() mutable {
    const Bytes bytes = file->read_at(at, k_piece);
    at += std::ssize(bytes);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
}

}  // namespace

void Record::add(std::string_view bytes) {
  bytes_.append(bytes);
  if (write_ && bytes_.size() >= k_piece) flush();
}

void Record::flush() {
  if (!write_) return;
  write_(bytes_);
  bytes_.clear();
}

void Record::put(std::int64_t number) {
  add({reinterpret_cast<const char*>(&number), sizeof number});
}

void Record::put(std::string_view text) {
  put(static_cast<std::int64_t>(text.size()));
  add(text);
}

void Record::put(const FileStamp& stamp) {
  put(stamp.size);
  put(stamp.modified);
  put(static_cast<std::int64_t>(stamp.inode));
}

std::string_view Record::take(std::size_t count) {
  while (count > bytes_.size() - taken_) {
    const std::string more = read_ ? read_() : "";
    if (more.empty()) throw std::out_of_range("the record ends");
    bytes_.erase(0, taken_);
    taken_ = 0;
    bytes_ += more;
  }
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
  const auto file = std::make_shared<const DataFile>(file_of(cache_folder, path).string());
  if (!file->problem().empty()) return std::nullopt;
  try {
    const std::string head = head_of(path);
    const Bytes begin = file->read_at(0, k_digits + head.size());
    const std::string_view found(reinterpret_cast<const char*>(begin.data()), begin.size());
    if (found.size() < k_digits || found.substr(k_digits) != head) return std::nullopt;
    Fingerprint fingerprint;
    const auto next = pieces(file, k_digits);
    for (std::string piece = next(); !piece.empty(); piece = next()) {
      fingerprint.add(piece.data(), piece.size());
    }
    if (fingerprint.hex() != found.substr(0, k_digits)) return std::nullopt;
    return Record(pieces(file, k_digits + head.size()));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void keep(const std::string& cache_folder, const std::string& path,
          const std::function<void(Record&)>& put) {
  if (cache_folder.empty()) return;
  const fs::path file = file_of(cache_folder, path);
  const fs::path temporary = fs::path(file).concat(concat(".", ::getpid()));
  std::error_code ignored;
  fs::create_directories(cache_folder, ignored);
  std::ofstream stream(temporary, std::ios::binary);
  stream << std::string(k_digits, ' ');
  Fingerprint fingerprint;
  const auto write = [&](std::string_view bytes) {
    fingerprint.add(bytes.data(), bytes.size());
    stream << bytes;
  };
  write(head_of(path));
  Record record{std::function<void(std::string_view)>(write)};
  put(record);
  record.flush();
  stream.seekp(0);
  stream << fingerprint.hex();
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
