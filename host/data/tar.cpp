// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/fingerprint.hpp"
#include "host/data/kept.hpp"
#include "host/data/shard.hpp"

namespace weft::host {
namespace {

/// What a tar file is made of, in bytes.
constexpr std::int64_t k_block = 512;

[[noreturn]] void damaged(const std::string& path, const std::string& found) {
  throw Error(Exit::bad_data, concat("The shard ", path, " ", found,
                                     ". Copy it again from its source, or make it anew."));
}

/// The file below libarchive: read once, from front to back, and fingerprinted on the way.
class TarFile {
 public:
  explicit TarFile(const std::string& path) : path_(path), input_(path) {
    if (input_.problem().empty()) return;
    const bool is_other = input_.problem() == "is not a file";
    throw Error(Exit::no_input,
                concat("The shard ", path, " ", input_.problem(),
                       is_other ? ". Name a .tar file." : ". Check the path under data/shards."));
  }

  /// The next bytes; 0 at the end, -1 on failure.
  std::int64_t read(const void** bytes) {
    const std::int64_t count = input_.read(buffer_.data(), buffer_.size());
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
    std::int64_t count = 0;
    while ((count = read(&unused)) > 0) continue;
    if (count < 0) throw Error(Exit::io, concat(path_, " cannot be read: ", std::strerror(errno)));
    if (DataFile(path_).stamp() != stamp()) damaged(path_, "changed while it was read");
  }

  std::int64_t size() const { return size_; }  ///< bytes read up to now
  const FileStamp& stamp() const { return input_.stamp(); }
  std::string fingerprint() const { return fingerprint_.hex(); }

 private:
  std::string path_;
  DataFile input_;
  std::array<char, 1 << 16> buffer_{};
  std::int64_t size_ = 0;
  Fingerprint fingerprint_;
};

/// Reads all of a tar file and notes where its members lie; of a compressed one it keeps them.
class TarReader {
 public:
  explicit TarReader(const std::string& path) : path_(path), file_(path), tar_(archive_read_new()) {
    archive_read_support_format_tar(tar_.get());
    archive_read_support_filter_gzip(tar_.get());
    archive_read_support_filter_zstd(tar_.get());
    const auto read = [](archive*, void* client, const void** bytes) -> la_ssize_t {
      return static_cast<TarFile*>(client)->read(bytes);
    };
    // A failure to open comes back from the first header.
    archive_read_open(tar_.get(), &file_, nullptr, read, nullptr);
    shard_.name = std::filesystem::path(path).filename().string();
    shard_.set_file({"", path_, file_.stamp()});
  }

  bool is_plain() const { return archive_filter_code(tar_.get(), 0) == ARCHIVE_FILTER_NONE; }
  const FileStamp& stamp() const { return file_.stamp(); }

  Shard read(Damage damage) {
    try {
      read_all();
    } catch (const Error& error) {
      if (damage == Damage::refuse || error.exit() != Exit::bad_data) throw;
      shard_.bad.push_back({shard_.name, "", error.what()});
      file_.drain();
    }
    shard_.fingerprint = file_.fingerprint();
    return std::move(shard_);
  }

 private:
  void read_all() {
    archive_entry* entry = nullptr;
    int status = ARCHIVE_OK;
    while ((status = archive_read_next_header(tar_.get(), &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
      check_place();
      take(entry);
    }
    finish(status);
  }

  struct Free {
    void operator()(archive* tar) const { archive_read_free(tar); }
  };

  /// Bytes of the tar, uncompressed, read up to now.
  std::int64_t position() const { return archive_filter_bytes(tar_.get(), 0); }

  /// A member must begin where the one before it ended: then nothing lies between the two that
  /// an offset and a size do not tell of.
  void check_place() {
    if (archive_filter_count(tar_.get()) > 2) damaged(path_, "is compressed more than once");
    if (end_ && archive_read_header_position(tar_.get()) != *end_) {
      damaged(path_, concat("holds ", last_, " in more or fewer bytes than its header says"));
    }
  }

  void check_ratio() const {
    if (!is_plain() && position() > k_free_of_ratio &&
        position() / k_largest_ratio > file_.size()) {
      damaged(path_, concat("expands to more than ", k_largest_ratio, " times its size"));
    }
  }

  /// True for a member to take, false for one to leave out (a folder).
  bool wanted(archive_entry* entry) const {
    if (archive_entry_filetype(entry) == AE_IFDIR) return false;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      damaged(path_, concat("holds ", last_, ", which is a link or a device; only files are read"));
    }
    // Holes cost nothing in the file and gigabytes in memory.
    if (archive_entry_sparse_count(entry) > 0) {
      damaged(path_,
              concat("holds ", last_, ", which is a sparse file; only whole files are read"));
    }
    const la_int64_t size = archive_entry_size(entry);
    if (size < 0 || size > static_cast<la_int64_t>(k_largest_member)) {
      damaged(path_, concat("holds ", last_, " of ", size, " bytes; at most ", k_largest_member,
                            " are read"));
    }
    return true;
  }

  void take(archive_entry* entry) {
    const char* const raw = archive_entry_pathname(entry);
    last_ = raw != nullptr ? raw : "a member without a name";
    end_.reset();
    if (!wanted(entry)) return skip();
    // Splits `folder/KEY.flow.png` into the key `KEY` (with its folder) and the member `flow.png`.
    const std::size_t slash = last_.rfind('/');
    const std::size_t dot = last_.find('.', slash == std::string::npos ? 0 : slash + 1);
    const std::string key = last_.substr(0, dot);
    const std::string name = dot == std::string::npos ? "" : last_.substr(dot + 1);
    const auto [place, is_new] = samples_.try_emplace(key, shard_.size());
    if (is_new) shard_.add_sample(key);
    if (shard_.has(place->second, name)) damaged(path_, concat("holds ", last_, " twice"));
    try {
      fill(place->second, name, archive_entry_size(entry));
    } catch (const std::length_error& problem) {
      damaged(path_, concat("has ", problem.what()));
    }
  }

  /// What a folder claims to hold is read as well: a bomb may lie in it.
  void skip() {
    const void* bytes = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0;
    while (archive_read_data_block(tar_.get(), &bytes, &count, &offset) == ARCHIVE_OK) {
      check_ratio();
    }
  }

  /// Takes the bytes as they come: a header may claim more than the file holds, and libarchive
  /// fills what is missing with zeros when it is asked for so many bytes.
  void fill(std::size_t sample, const std::string& name, std::int64_t size) {
    const std::int64_t begin = position();
    std::string held;
    const void* bytes = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0, read = 0;
    int status = ARCHIVE_OK;
    while ((status = archive_read_data_block(tar_.get(), &bytes, &count, &offset)) == ARCHIVE_OK) {
      check_ratio();
      if (offset != read || static_cast<la_int64_t>(count) > size - read) break;
      if (!is_plain()) held.append(static_cast<const char*>(bytes), count);
      read += static_cast<la_int64_t>(count);
    }
    if (status != ARCHIVE_EOF || read != size) {
      damaged(path_, concat("is cut off or damaged inside ", last_));
    }
    if (is_plain()) {
      shard_.add_member(sample, name, begin, size);
      end_ = begin + (size + k_block - 1) / k_block * k_block;
    } else {
      shard_.add_member(sample, name, held);
    }
  }

  void finish(int status) {
    const bool is_empty = shard_.size() == 0;
    const std::string after =
        is_empty ? "" : concat(" after sample ", shard_.key(shard_.size() - 1));
    if (status != ARCHIVE_EOF) {
      damaged(path_, is_empty ? std::string("is not a tar file") : "is cut off or damaged" + after);
    }
    check_place();
    check_ratio();
    // libarchive takes a file that ends between two members for a whole one. Where it looked for
    // the next header there must be the closing block.
    const bool is_whole = position() >= archive_read_header_position(tar_.get()) + k_block;
    file_.drain();
    if (is_empty) damaged(path_, "holds no sample");
    if (!is_whole) damaged(path_, "is cut off" + after);
  }

  std::string path_;
  TarFile file_;
  std::unique_ptr<archive, Free> tar_;
  Shard shard_;
  std::map<std::string, std::size_t> samples_;  ///< by key: index into the shard's samples
  std::string last_;                            ///< name of the member at hand
  std::optional<std::int64_t> end_;             ///< where the next header must be
};

void keep_tar(const std::string& cache_folder, const std::string& path, const FileStamp& stamp,
              const Shard& shard) {
  Record record;
  record.put(stamp);
  record.put(shard.fingerprint);
  record.put(static_cast<std::int64_t>(shard.size()));
  for (std::size_t i = 0; i < shard.size(); ++i) {
    record.put(shard.key(i));
    const std::vector<std::string> members = shard.members(i);
    record.put(std::ssize(members));
    for (const std::string& name : members) {
      const auto [offset, size] = shard.offset_and_size(i, name);
      record.put(name);
      record.put(offset);
      record.put(size);
    }
  }
  keep(cache_folder, path, record);
}

/// The shard as its record tells, if the file is still the one that the record is about.
std::optional<Shard> kept_tar(const std::string& cache_folder, const std::string& path) {
  std::optional<Record> record = find_kept(cache_folder, path);
  if (!record) return std::nullopt;
  const FileStamp stamp = DataFile(path).stamp();
  try {
    if (record->stamp() != stamp) return std::nullopt;
    Shard shard;
    shard.name = std::filesystem::path(path).filename().string();
    shard.fingerprint = record->text();
    shard.set_file({"", path, stamp});
    for (std::int64_t left = record->number(); left > 0; --left) {
      const std::size_t sample = shard.add_sample(record->text());
      for (std::int64_t members = record->number(); members > 0; --members) {
        const std::string name = record->text();
        const std::int64_t offset = record->number(), size = record->number();
        const bool is_inside = offset >= 0 && offset <= stamp.size && size >= 0 &&
                               size <= stamp.size - offset &&
                               size <= static_cast<std::int64_t>(k_largest_member);
        if (!is_inside || !shard.add_member(sample, name, offset, size)) return std::nullopt;
      }
    }
    return shard;
  } catch (const std::logic_error&) {  // the record ends, or names too many members
    return std::nullopt;
  }
}

}  // namespace

Shard read_tar(const std::string& path, const std::string& cache_folder, Damage damage) {
  if (std::optional<Shard> kept = kept_tar(cache_folder, path)) return std::move(*kept);
  TarReader reader(path);
  Shard shard = reader.read(damage);
  if (reader.is_plain() && is_settled(reader.stamp()) && shard.bad.empty()) {
    keep_tar(cache_folder, path, reader.stamp(), shard);
  }
  return shard;
}

}  // namespace weft::host
