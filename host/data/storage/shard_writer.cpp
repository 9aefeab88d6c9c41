// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/shard_writer.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/file_folder.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/shard.hpp"
#include "host/data/storage/tar_reader.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(Exit::bad_data, concat(what, ". ", remedy));
}

/// What is to be packed: the samples of a shard by key, and the sizes of their members by name.
class Source {
 public:
  using Sizes = std::map<std::string, std::int64_t>;

  explicit Source(Shard shard) : shard_(std::move(shard)) {
    for (std::size_t i = 0; i < shard_.size(); ++i) {
      const std::string key(shard_.key(i));
      require_key(key);
      number_of_[key] = i;
      for (const std::string& member : shard_.members(i)) {
        if (member.empty() || member.find('/') != std::string::npos) {
          refuse(concat("The shard ", shard_.name, ", sample ", key, ": the member \"", member,
                        "\" cannot be told from a folder in a tar"),
                 "Name it without a slash.");
        }
        samples_[key][member] = shard_.offset_and_size(i, member).second;
      }
    }
  }

  const std::map<std::string, Sizes>& samples() const { return samples_; }
  const PassedOver& passed_over() const { return shard_.passed_over; }

  Bytes read(const std::string& key, const std::string& member) const {
    return shard_.read(number_of_.at(key), member);
  }

 private:
  void require_key(const std::string& key) const {
    const std::string name = fs::path(key).filename().string();
    if (key_and_name(key).first != key) {
      refuse(concat("The shard ", shard_.name, ": the key \"", key,
                    "\" holds a dot after its last slash, where readers of tar shards end a key"),
             "Give the sample a key without it.");
    }
    if (name.empty() || key.starts_with('/') ||
        concat("/", key, "/").find("/../") != std::string::npos) {
      refuse(
          concat("The shard ", shard_.name, ": the key \"", key, "\" is no name inside a folder"),
          "Give the sample a key that neither begins nor ends with a slash, without \"..\".");
    }
  }

  Shard shard_;
  std::map<std::string, Sizes> samples_;
  std::map<std::string, std::size_t> number_of_;
};

Source open_source(const std::string& path) {
  if (fs::is_directory(path)) {
    return Source(read_file_folder(path, "", Damage::refuse, Contents::unread));
  }
  if (!fs::exists(path)) {
    throw Error(Exit::no_input,
                concat("There is no ", path, ". Name a folder, an index or a tar."));
  }
  if (has_ending(path, ".txt") || (has_ending(path, ".jsonl") && !is_folder_index(path))) {
    refuse(concat(path,
                  " is a text: neither a folder nor an index (.jsonl, of which each line has "
                  "a key) nor a tar"),
           "Name one of them.");
  }
  return Source(read_shard(path));
}

/// The keys of each shard.
std::vector<std::vector<std::string>> planned(const Source& source, const PackOptions& options) {
  std::vector<std::vector<std::string>> shards;
  std::int64_t bytes = 0;
  for (const auto& [key, members] : source.samples()) {
    std::int64_t size = 0;
    for (const auto& [name, member_size] : members) size += member_size;
    const bool is_full =
        !shards.empty() && ((options.samples > 0 && std::ssize(shards.back()) >= options.samples) ||
                            (options.bytes > 0 && bytes + size > options.bytes));
    if (shards.empty() || is_full) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(key);
    bytes += size;
  }
  return shards;
}

std::string shard_path(const std::string& prefix, std::size_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "-%06zu.tar", number);
  return prefix + digits;
}

/// One tar in the making; removed unless it is finished.
class TarWriter {
 public:
  /// @param is_ascii  all names are: then headers are ustar's, and pax's for long names alone
  TarWriter(std::string path, bool is_ascii)
      : path_(std::move(path)), unfinished_(path_ + ".tmp"), tar_(archive_write_new()) {
    archive_write_set_format_pax_restricted(tar_.get());
    // Names are bytes, whatever the locale; this puts a pax header before every member.
    if (!is_ascii) archive_write_set_options(tar_.get(), "hdrcharset=BINARY");
    if (archive_write_open_filename(tar_.get(), unfinished_.c_str()) != ARCHIVE_OK) {
      throw Error(Exit::cannot_create,
                  concat("The shard ", unfinished_, " cannot be made (",
                         archive_error_string(tar_.get()), "). Name another --out."));
    }
  }
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;
  ~TarWriter() {
    std::error_code ignored;
    if (!is_finished_) fs::remove(unfinished_, ignored);
  }

  void add(const std::string& name, const Bytes& bytes) {
    const std::unique_ptr<archive_entry, Free> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), std::ssize(bytes));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), 0, 0);
    if (archive_write_header(tar_.get(), entry.get()) < ARCHIVE_WARN) fail();
    if (archive_write_data(tar_.get(), bytes.data(), bytes.size()) != std::ssize(bytes)) fail();
  }

  void finish() {
    if (archive_write_close(tar_.get()) != ARCHIVE_OK) fail();
    std::error_code problem;
    fs::rename(unfinished_, path_, problem);
    if (problem) {
      throw Error(Exit::io, concat("The shard ", unfinished_, " cannot be moved to ", path_, " (",
                                   problem.message(), ")."));
    }
    is_finished_ = true;
  }

 private:
  struct Free {
    void operator()(archive* tar) const { archive_write_free(tar); }
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
  };

  [[noreturn]] void fail() const {
    throw Error(Exit::io, concat("The shard ", unfinished_, " cannot be written (",
                                 archive_error_string(tar_.get()), "). Make room on the disk."));
  }

  std::string path_, unfinished_;
  std::unique_ptr<archive, Free> tar_;
  bool is_finished_ = false;
};

bool is_ascii(const Source& source, const std::vector<std::string>& keys) {
  const auto is_plain = [](const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  return std::ranges::all_of(keys, [&](const std::string& key) {
    return is_plain(key) && std::ranges::all_of(source.samples().at(key), is_plain,
                                                &Source::Sizes::value_type::first);
  });
}

void make_folder_of(const std::string& prefix) {
  const fs::path folder = fs::path(prefix).parent_path();
  std::error_code problem;
  if (!folder.empty()) fs::create_directories(folder, problem);
  if (!problem) return;
  throw Error(Exit::cannot_create, concat("The folder ", folder.string(), " cannot be made (",
                                          problem.message(), "). Name another --out."));
}

}  // namespace

Packed pack(const std::string& source_path, const std::string& prefix, const PackOptions& options) {
  const Source source = open_source(source_path);
  const std::vector<std::vector<std::string>> shards = planned(source, options);
  for (std::size_t i = 0; i < shards.size() && !options.overwrite; ++i) {
    if (fs::exists(shard_path(prefix, i))) {
      throw Error(Exit::cannot_create,
                  concat("There is a shard ", shard_path(prefix, i),
                         " already. Name another --out, or replace it with --overwrite."));
    }
  }
  make_folder_of(prefix);
  Packed packed;
  packed.passed_over = source.passed_over();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    packed.shards.push_back(shard_path(prefix, i));
    TarWriter tar(packed.shards.back(), is_ascii(source, shards[i]));
    for (const std::string& key : shards[i]) {
      ++packed.samples;
      for (const auto& [member, size] : source.samples().at(key)) {
        tar.add(concat(key, '.', member), source.read(key, member));
        ++packed.members;
        packed.bytes += size;
      }
    }
    tar.finish();
  }
  for (std::size_t i = shards.size(); options.overwrite && fs::remove(shard_path(prefix, i)); ++i) {
  }
  return packed;
}

}  // namespace weft::host
