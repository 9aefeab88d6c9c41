// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <tuple>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {
namespace {

/// What a tar file is made of, in bytes.
constexpr std::int64_t k_block = 512;

/// Of the input, to tell what it is where it is no tar.
constexpr std::size_t k_head = std::size_t{1} << 16;

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('/') + 1);
}

}  // namespace

std::pair<std::string, std::string> key_and_name(const std::string& member) {
  const std::size_t slash = member.rfind('/');
  const std::size_t dot = member.find('.', slash == std::string::npos ? 0 : slash + 1);
  return {member.substr(0, dot), dot == std::string::npos ? "" : member.substr(dot + 1)};
}

void PassedOver::add(const std::string& name) {
  constexpr std::size_t k_shown = 3;
  ++count;
  if (names.size() < k_shown) names.push_back(name);
}

bool is_sample_file(const std::string& member) {
  const std::string_view name = last_part(member);
  const std::size_t dot = name.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == name.size()) return false;
  if (name == "Thumbs.db" || name == "desktop.ini") return false;
  const std::string_view first = std::string_view(member).substr(0, member.find('/'));
  const bool is_meta = first.size() >= 4 && first.starts_with("__") && first.ends_with("__");
  return !is_meta && concat('/', member).find("/__MACOSX/") == std::string::npos;
}

void TarReader::Free::operator()(archive* tar) const {
  archive_read_free(tar);
}

TarReader::TarReader(TarInput& input) : input_(input), tar_(archive_read_new()) {
  archive_read_support_format_tar(tar_.get());
  // What `cat a.tar b.tar` wrote is read to its end.
  archive_read_set_option(tar_.get(), "tar", "read_concatenated_archives", "1");
  archive_read_support_filter_gzip(tar_.get());
  archive_read_support_filter_zstd(tar_.get());
  const auto read = [](archive*, void* client, const void** bytes) -> la_ssize_t {
    auto& reader = *static_cast<TarReader*>(client);
    const std::int64_t count = reader.input_.read(bytes);
    std::string& head = reader.head_;
    if (count > 0 && head.size() < k_head && !reader.is_tar_) {
      head.append(static_cast<const char*>(*bytes),
                  std::min(static_cast<std::size_t>(count), k_head - head.size()));
    }
    return count;
  };
  // A failure to open comes back from the first header.
  archive_read_open(tar_.get(), this, nullptr, read, nullptr);
}

TarReader::~TarReader() = default;

bool TarReader::is_plain() const {
  return archive_filter_code(tar_.get(), 0) == ARCHIVE_FILTER_NONE;
}

void TarReader::refuse(const std::string& found) const {
  refuse(found, "Copy it again from its source, or make it anew");
}

void TarReader::refuse(const std::string& found, const std::string& remedy) const {
  throw Error(Exit::bad_data, concat("The shard ", input_.name(), " ", found, ". ", remedy, "."));
}

bool TarReader::next() {
  if (is_unread_) read(nullptr);
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(tar_.get(), &entry)) == ARCHIVE_OK ||
         status == ARCHIVE_WARN) {
    is_tar_ = true;
    head_ = {};
    check_place();
    const char* const raw = archive_entry_pathname(entry);
    full_name_ = raw != nullptr ? raw : "a member without a name";
    if (status == ARCHIVE_WARN) check_pax();
    end_.reset();
    if (!is_wanted(entry)) {
      skip();
      continue;
    }
    std::tie(key_, name_) = key_and_name(full_name_);
    offset_ = position();
    size_ = archive_entry_size(entry);
    is_unread_ = true;
    return true;
  }
  finish(status);
  return false;
}

/// Bytes of the tar, uncompressed, read up to now.
std::int64_t TarReader::position() const {
  return archive_filter_bytes(tar_.get(), 0);
}

/// A member must begin where the one before it ended: then nothing lies between the two that an
/// offset and a size do not tell of.
void TarReader::check_place() {
  if (archive_filter_count(tar_.get()) > 2) refuse("is compressed more than once");
  if (end_ && archive_read_header_position(tar_.get()) != *end_) {
    refuse(concat("holds ", full_name_, " in more or fewer bytes than its header says"));
  }
}

/// Where libarchive cannot read a pax header it goes on with the short name and size that the
/// header is there to replace. Its other warnings are about what a sample does not have, such as
/// owners.
void TarReader::check_pax() const {
  const char* const warning = archive_error_string(tar_.get());
  if (warning == nullptr || std::string_view(warning).find("pax") == std::string_view::npos) return;
  refuse(concat("holds ", full_name_, ", whose pax header is damaged"));
}

void TarReader::check_ratio() const {
  if (!is_plain() && position() > k_free_of_ratio && position() / k_largest_ratio > input_.size()) {
    refuse(concat("expands to more than ", k_largest_ratio, " times its size"));
  }
}

/// True for a member to take, false for one to leave out.
bool TarReader::is_wanted(archive_entry* entry) {
  if (archive_entry_filetype(entry) == AE_IFDIR) return false;
  if (!is_sample_file(full_name_)) {
    passed_over_.add(full_name_);
    return false;
  }
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
    refuse(concat("holds ", full_name_, ", which is a link or a device; only files are read"));
  }
  // Holes cost nothing in the file and gigabytes in memory.
  if (archive_entry_sparse_count(entry) > 0) {
    refuse(concat("holds ", full_name_, ", which is a sparse file; only whole files are read"));
  }
  const la_int64_t size = archive_entry_size(entry);
  if (size < 0 || size > static_cast<la_int64_t>(k_largest_member)) {
    refuse(concat("holds ", full_name_, " of ", size, " bytes; at most ", k_largest_member,
                  " are read"));
  }
  return true;
}

/// What is passed over is read as well: a bomb may lie in it.
void TarReader::skip() {
  const void* bytes = nullptr;
  std::size_t count = 0;
  la_int64_t offset = 0;
  while (archive_read_data_block(tar_.get(), &bytes, &count, &offset) == ARCHIVE_OK) {
    check_ratio();
  }
}

/// Takes the bytes as they come: a header may claim more than the file holds, and libarchive fills
/// what is missing with zeros when it is asked for so many bytes.
void TarReader::read(std::string* target) {
  const void* bytes = nullptr;
  std::size_t count = 0;
  la_int64_t offset = 0, done = 0;
  int status = ARCHIVE_OK;
  is_unread_ = false;
  while ((status = archive_read_data_block(tar_.get(), &bytes, &count, &offset)) == ARCHIVE_OK) {
    check_ratio();
    if (offset != done || static_cast<la_int64_t>(count) > size_ - done) break;
    if (target != nullptr) target->append(static_cast<const char*>(bytes), count);
    done += static_cast<la_int64_t>(count);
  }
  if (status != ARCHIVE_EOF || done != size_) {
    refuse(concat("is cut off or damaged inside ", full_name_));
  }
  if (is_plain()) end_ = offset_ + (size_ + k_block - 1) / k_block * k_block;
  last_key_ = key_;
}

void TarReader::refuse_foreign() const {
  const bool is_whole = static_cast<std::int64_t>(head_.size()) == input_.size();
  auto foreign = foreign_content(head_, is_whole, input_.name());
  if (!foreign) foreign = foreign_file(head_.substr(0, k_block), input_.name());
  if (foreign) refuse(foreign->found, foreign->remedy);
  constexpr std::size_t k_magic = 257;
  const bool has_magic = head_.size() > k_magic && head_.substr(k_magic).starts_with("ustar");
  refuse(has_magic ? "is damaged in its first header" : "is not a tar file");
}

void TarReader::finish(int status) {
  const bool is_empty = last_key_.empty();
  if (input_.size() == 0) refuse("is empty");
  const std::string after = is_empty ? "" : " after sample " + last_key_;
  if (status != ARCHIVE_EOF && !is_tar_) refuse_foreign();
  if (status != ARCHIVE_EOF) refuse("is cut off or damaged" + after);
  check_place();
  check_ratio();
  // libarchive takes a file that ends between two members for a whole one. Where it looked for the
  // next header there must be the closing block.
  const bool is_whole = position() >= archive_read_header_position(tar_.get()) + k_block;
  input_.finish();
  if (is_empty && passed_over_.count > 0) {
    refuse(concat("holds no sample: none of its ", passed_over_.count, " files is KEY.ext, e.g. ",
                  passed_over_.names.front()),
           "Name the files of a sample KEY.png, KEY.cls and so on");
  }
  if (is_empty) refuse("holds no sample");
  if (!is_whole) refuse("is cut off" + after);
}

}  // namespace weft::host
