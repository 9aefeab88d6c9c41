// SPDX-License-Identifier: Apache-2.0
#include "host/data/shard.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/fingerprint.hpp"

namespace weft::host {
namespace {

/// What a tar file is made of, in bytes.
constexpr std::int64_t k_block = 512;

/// The file below libarchive: read once, from front to back, and fingerprinted on the way.
class File {
 public:
  explicit File(const std::string& path) : path_(path), number_(::open(path.c_str(), k_flags)) {
    struct stat status {};
    if (number_ < 0 || ::fstat(number_, &status) != 0) {
      const std::string reason = std::strerror(errno);
      close();
      throw Error(Exit::no_input, concat("The shard ", path, " cannot be opened (", reason,
                                         "). Check the path under data/shards."));
    }
    if (!S_ISREG(status.st_mode)) {
      close();
      throw Error(Exit::no_input, concat("The shard ", path, " is not a file. Name a .tar file."));
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  /// The next bytes; 0 at the end, -1 on failure.
  ssize_t read(const void** bytes) {
    ssize_t count = 0;
    do {
      count = ::read(number_, buffer_.data(), buffer_.size());
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
      fingerprint_.add(buffer_.data(), static_cast<std::size_t>(count));
      size_ += count;
    }
    *bytes = buffer_.data();
    return count;
  }

  /// Reads what libarchive left behind the closing block.
  void drain() {
    const void* unused = nullptr;
    ssize_t count = 0;
    while ((count = read(&unused)) > 0) continue;
    if (count < 0) throw Error(Exit::io, concat(path_, " cannot be read: ", std::strerror(errno)));
  }

  /// Bytes read up to now.
  std::int64_t size() const { return size_; }
  std::string fingerprint() const { return fingerprint_.hex(); }

 private:
  static constexpr int k_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

  void close() {
    if (number_ >= 0) ::close(number_);
  }

  std::string path_;
  int number_;
  std::array<char, 1 << 16> buffer_{};
  std::int64_t size_ = 0;
  Fingerprint fingerprint_;
};

struct Free {
  void operator()(archive* tar) const { archive_read_free(tar); }
};
using Archive = std::unique_ptr<archive, Free>;

Archive open_tar(File& file) {
  Archive tar(archive_read_new());
  archive_read_support_format_tar(tar.get());
  const auto read = [](archive*, void* client, const void** bytes) -> la_ssize_t {
    return static_cast<File*>(client)->read(bytes);
  };
  // A failure to open comes back from the first header.
  archive_read_open(tar.get(), &file, nullptr, read, nullptr);
  return tar;
}

[[noreturn]] void damaged(const std::string& path, const std::string& found) {
  throw Error(Exit::bad_data, concat("The shard ", path, " ", found,
                                     ". Copy it again from its source, or make it anew."));
}

/// True for a member to take, false for one to leave out (a folder).
bool wanted(archive_entry* entry, const std::string& path, const std::string& name) {
  if (archive_entry_filetype(entry) == AE_IFDIR) return false;
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
    damaged(path, concat("holds ", name, ", which is a link or a device; only files are read"));
  }
  // Holes cost nothing in the file and gigabytes in memory.
  if (archive_entry_sparse_count(entry) > 0) {
    damaged(path, concat("holds ", name, ", which is a sparse file; only whole files are read"));
  }
  const la_int64_t size = archive_entry_size(entry);
  if (size < 0 || size > static_cast<la_int64_t>(k_largest_member)) {
    damaged(path, concat("holds ", name, " of ", size, " bytes; at most ", k_largest_member,
                         " are read"));
  }
  return true;
}

/// Takes the bytes as they come: a header may claim more than the file holds, and libarchive fills
/// what is missing with zeros when it is asked for so many bytes.
Bytes read_member(archive* tar, archive_entry* entry, const std::string& path) {
  const auto size = static_cast<std::size_t>(archive_entry_size(entry));
  Bytes bytes;
  const void* block = nullptr;
  std::size_t count = 0;
  la_int64_t offset = 0;
  while (archive_read_data_block(tar, &block, &count, &offset) == ARCHIVE_OK) {
    if (offset != static_cast<la_int64_t>(bytes.size()) || count > size - bytes.size()) break;
    const auto* const first = static_cast<const std::byte*>(block);
    bytes.insert(bytes.end(), first, first + count);
  }
  if (bytes.size() != size) {
    const char* const name = archive_entry_pathname(entry);
    damaged(path, concat("is cut off or damaged inside ", name ? name : "a member"));
  }
  return bytes;
}

/// Splits `folder/KEY.flow.png` into the key `KEY` (with its folder) and the member `flow.png`.
std::pair<std::string, std::string> key_and_member(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.find('.', slash == std::string::npos ? 0 : slash + 1);
  if (dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

void read_members(archive* tar, const std::string& path, Shard& shard) {
  std::map<std::string, std::size_t> index;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(tar, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
    const char* const raw = archive_entry_pathname(entry);
    const std::string name = raw ? raw : "a member without a name";
    if (!wanted(entry, path, name)) continue;
    const auto [key, member] = key_and_member(name);
    const auto [place, is_new] = index.try_emplace(key, shard.samples.size());
    if (is_new) shard.samples.push_back({key, {}});
    Bytes bytes = read_member(tar, entry, path);
    if (!shard.samples[place->second].members.emplace(member, std::move(bytes)).second) {
      damaged(path, concat("holds ", name, " twice"));
    }
  }
  if (status != ARCHIVE_EOF) {
    damaged(path, shard.samples.empty()
                      ? std::string("is not a tar file")
                      : concat("is cut off or damaged after sample ", shard.samples.back().key));
  }
}

}  // namespace

Shard read_shard(const std::string& path) {
  File file(path);
  Shard shard;
  shard.name = std::filesystem::path(path).filename().string();
  const Archive tar = open_tar(file);
  read_members(tar.get(), path, shard);
  file.drain();
  if (shard.samples.empty()) damaged(path, "holds no sample");
  // libarchive takes a file that ends between two members for a whole one. Where it looked for the
  // next header there must be the closing block.
  if (file.size() < archive_read_header_position(tar.get()) + k_block) {
    damaged(path, concat("is cut off after sample ", shard.samples.back().key));
  }
  shard.fingerprint = file.fingerprint();
  return shard;
}

}  // namespace weft::host
