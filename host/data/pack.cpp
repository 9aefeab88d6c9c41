// SPDX-License-Identifier: Apache-2.0
#include "host/data/pack.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/shard.hpp"
#include "host/data/tar_reader.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(Exit::bad_data, concat(what, ". ", remedy));
}

/// What is to be packed: samples by key, and the sizes of their members by name.
class Source {
 public:
  using Sizes = std::map<std::string, std::int64_t>;
  virtual ~Source() = default;
  virtual Bytes read(const std::string& key, const std::string& member) const = 0;
  const std::map<std::string, Sizes>& samples() const { return samples_; }

 protected:
  void add(const std::string& key, const std::string& member, std::int64_t size) {
    if (size > static_cast<std::int64_t>(k_largest_member)) {
      refuse(concat(key, ".", member, " has ", size, " bytes; at most ", k_largest_member,
                    " are read back"),
             "Divide it, or leave it out.");
    }
    samples_[key][member] = size;
  }

 private:
  std::map<std::string, Sizes> samples_;
};

class FolderSource : public Source {
 public:
  explicit FolderSource(std::string folder) : folder_(std::move(folder)) {
    std::error_code problem;
    for (fs::recursive_directory_iterator i(folder_, problem), end; i != end;
         i.increment(problem)) {
      const std::string name = i->path().lexically_relative(folder_).generic_string();
      if (i->path().filename().string().starts_with('.')) {
        i.disable_recursion_pending();
      } else if (i->is_symlink() || !(i->is_directory() || i->is_regular_file())) {
        refuse(concat(folder_, " holds ", name, ", which is a link or a device"),
               "Only files are packed: put the file in its place, or leave it out.");
      } else if (i->is_regular_file()) {
        add_file(name, static_cast<std::int64_t>(i->file_size()));
      }
    }
    if (problem) {
      throw Error(Exit::no_input, concat("The folder ", folder_, " cannot be read (",
                                         problem.message(), "). Check the path."));
    }
  }

  Bytes read(const std::string& key, const std::string& member) const override {
    const std::string name = concat(key, '.', member);
    DataFile file(folder_, name);
    const auto cannot = [&](const std::string& reason) {
      return Error(Exit::bad_data, concat(folder_, "/", name, " ", reason,
                                          ". Leave the folder as it is while it is packed."));
    };
    if (!file.problem().empty()) throw cannot(file.problem());
    try {
      Bytes bytes = file.read_all(k_largest_member);
      if (std::ssize(bytes) == samples().at(key).at(member)) return bytes;
    } catch (const std::exception& problem) {
      throw cannot(concat("cannot be read (", problem.what(), ")"));
    }
    throw cannot("has changed");
  }

 private:
  void add_file(const std::string& name, std::int64_t size) {
    const auto [key, member] = key_and_name(name);
    if (member.empty()) {
      refuse(concat(folder_, " holds ", name,
                    ", whose name has no ending and so tells no member of a sample"),
             "Name it KEY.ext, or leave it out.");
    }
    add(key, member, size);
  }

  std::string folder_;
};

class IndexSource : public Source {
 public:
  explicit IndexSource(const std::string& index) : shard_(read_folder(index, "", Damage::refuse)) {
    for (std::size_t i = 0; i < shard_.size(); ++i) {
      const std::string key(shard_.key(i));
      require_key(index, key);
      number_of_[key] = i;
      for (const std::string& member : shard_.members(i)) {
        if (member.empty() || member.find('/') != std::string::npos) {
          refuse(concat("The index ", index, ", sample ", key, ": the member \"", member,
                        "\" cannot be told from a folder in a tar"),
                 "Name it without a slash.");
        }
        // An index knows the sizes of files, not of its texts.
        add(key, member, std::ssize(shard_.read(i, member)));
      }
    }
  }

  Bytes read(const std::string& key, const std::string& member) const override {
    return shard_.read(number_of_.at(key), member);
  }

 private:
  static void require_key(const std::string& index, const std::string& key) {
    const std::string name = fs::path(key).filename().string();
    if (key_and_name(key).first != key) {
      refuse(concat("The index ", index, ": the key \"", key,
                    "\" holds a dot after its last slash, where readers of tar shards end a key"),
             "Give the sample a key without it.");
    }
    if (name.empty() || key.starts_with('/') ||
        concat("/", key, "/").find("/../") != std::string::npos) {
      refuse(concat("The index ", index, ": the key \"", key, "\" is no name inside a folder"),
             "Give the sample a key that neither begins nor ends with a slash, without \"..\".");
    }
  }

  Shard shard_;
  std::map<std::string, std::size_t> number_of_;
};

std::unique_ptr<Source> open_source(const std::string& path) {
  if (fs::is_directory(path)) return std::make_unique<FolderSource>(path);
  if (!fs::exists(path)) {
    throw Error(Exit::no_input, concat("There is no ", path, ". Name a folder or an index."));
  }
  if (!path.ends_with(".jsonl") || !is_folder_index(path)) {
    refuse(concat(path, " is neither a folder nor an index (.jsonl, of which each line has a key)"),
           "Name one of them.");
  }
  return std::make_unique<IndexSource>(path);
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
                         archive_error_string(tar_.get()), "). Make its folder first."));
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

}  // namespace

Packed pack(const std::string& source_path, const std::string& prefix, const PackOptions& options) {
  const std::unique_ptr<Source> source = open_source(source_path);
  if (source->samples().empty()) {
    refuse(concat(source_path, " holds no sample"), "Name a folder with files KEY.ext.");
  }
  const std::vector<std::vector<std::string>> shards = planned(*source, options);
  for (std::size_t i = 0; i < shards.size() && !options.overwrite; ++i) {
    if (fs::exists(shard_path(prefix, i))) {
      throw Error(Exit::cannot_create,
                  concat("There is a shard ", shard_path(prefix, i),
                         " already. Name another --out, or replace it with --overwrite."));
    }
  }
  Packed packed;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    packed.shards.push_back(shard_path(prefix, i));
    TarWriter tar(packed.shards.back(), is_ascii(*source, shards[i]));
    for (const std::string& key : shards[i]) {
      ++packed.samples;
      for (const auto& [member, size] : source->samples().at(key)) {
        tar.add(concat(key, '.', member), source->read(key, member));
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
