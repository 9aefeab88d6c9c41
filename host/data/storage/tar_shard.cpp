// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/index_cache.hpp"
#include "host/data/storage/key_index.hpp"
#include "host/data/storage/shard.hpp"
#include "host/data/storage/tar_file.hpp"
#include "host/data/storage/tar_reader.hpp"

namespace weft::host {
namespace {

/// Reads all of a tar file and notes where its members lie; of a compressed one it keeps them.
class TarIndexer {
 public:
  explicit TarIndexer(const std::string& path) : file_(path), tar_(file_) {
    shard_.name = path;
    shard_.set_file({"", path, file_.stamp()});
  }

  bool is_plain() const { return tar_.is_plain(); }
  const FileStamp& stamp() const { return file_.stamp(); }

  Shard read(Damage damage) {
    try {
      while (tar_.next()) take();
    } catch (const Error& error) {
      if (damage == Damage::refuse || error.exit() != Exit::bad_data) throw;
      shard_.bad.push_back({shard_.name, "", error.what()});
      file_.finish_damaged();
    }
    shard_.fingerprint = file_.fingerprint();
    shard_.passed_over = tar_.passed_over();
    return std::move(shard_);
  }

 private:
  std::size_t sample_of(const std::string& key) {
    if (const std::optional<std::size_t> known = keys_.find(shard_, key)) return *known;
    const std::size_t sample = shard_.add_sample(key);
    keys_.add(shard_);
    return sample;
  }

  void take() {
    const std::size_t sample = sample_of(tar_.key());
    if (shard_.has(sample, tar_.name())) {
      tar_.refuse(concat("holds ", tar_.key(), ".", tar_.name(), " twice"));
    }
    try {
      if (tar_.is_plain()) {
        tar_.read(nullptr);
        shard_.add_member(sample, tar_.name(), tar_.offset(), tar_.size());
      } else {
        std::string bytes;
        tar_.read(&bytes);
        shard_.add_member(sample, tar_.name(), std::string_view(bytes));
      }
    } catch (const std::length_error& problem) {
      tar_.refuse(concat("has ", problem.what()));
    }
  }

  TarFile file_;
  TarReader tar_;
  Shard shard_;
  KeyIndex keys_;
};

void keep_tar(const std::string& cache_folder, const std::string& path, const FileStamp& stamp,
              const Shard& shard) {
  keep(cache_folder, path, [&](Record& record) {
    record.put(stamp);
    record.put(shard.fingerprint);
    record.put(shard.passed_over.count);
    record.put(std::ssize(shard.passed_over.names));
    for (const std::string& name : shard.passed_over.names) record.put(name);
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
  });
}

/// The shard as its record tells, if the file is still the one that the record is about.
std::optional<Shard> kept_tar(const std::string& cache_folder, const std::string& path) {
  std::optional<Record> record = find_kept(cache_folder, path);
  if (!record) return std::nullopt;
  const FileStamp stamp = DataFile(path).stamp();
  try {
    if (record->stamp() != stamp) return std::nullopt;
    Shard shard;
    shard.name = path;
    shard.fingerprint = record->text();
    shard.passed_over.count = record->number();
    for (std::int64_t left = record->number(); left > 0; --left) {
      shard.passed_over.names.push_back(record->text());
    }
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
  TarIndexer reader(path);
  Shard shard = reader.read(damage);
  if (reader.is_plain() && is_settled(reader.stamp()) && shard.bad.empty()) {
    keep_tar(cache_folder, path, reader.stamp(), shard);
  }
  return shard;
}

}  // namespace weft::host
