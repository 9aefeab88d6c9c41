// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/folder_files.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "host/base/text.hpp"
#include "host/data/storage/index_cache.hpp"

namespace weft::host {

FolderFiles::FolderFiles(std::string folder, std::string kept_as, std::string cache_folder,
                         Contents contents)
    : folder_(std::move(folder)),
      kept_as_(std::move(kept_as)),
      cache_folder_(std::move(cache_folder)),
      contents_(contents) {
  recall();
}

std::string FolderFiles::look_at(const std::string& name) {
  DataFile input(folder_, name);
  if (!input.problem().empty()) return input.problem();
  if (input.stamp().size > static_cast<std::int64_t>(k_largest_member)) {
    return concat("has ", input.stamp().size, " bytes; at most ", k_largest_member, " are read");
  }
  Known& known = known_[name];
  if (contents_ == Contents::unread) {
    known.stamp = input.stamp();
    return "";
  }
  if (known.stamp != input.stamp() || known.fingerprint.empty()) {
    try {
      const Bytes bytes = input.read_all(k_largest_member);
      Fingerprint fingerprint;
      fingerprint.add(bytes.data(), bytes.size());
      known = {input.stamp(), fingerprint.hex()};
    } catch (const std::exception& problem) {
      return concat("cannot be read (", problem.what(), ")");
    }
    is_new_ = true;
  }
  fingerprint_.add(known.fingerprint);
  used_.insert(name);
  return "";
}

MemberFile FolderFiles::member(const std::string& name) const {
  return {folder_, name, known_.at(name).stamp};
}

void FolderFiles::recall() {
  std::optional<Record> record = find_kept(cache_folder_, kept_as_);
  if (!record) return;
  try {
    for (std::int64_t left = record->number(); left > 0; --left) {
      Known& known = known_[record->text()];
      known.stamp = record->stamp();
      known.fingerprint = record->text();
    }
  } catch (const std::out_of_range&) {
    known_.clear();
  }
}

void FolderFiles::keep_known() const {
  if (!is_new_) return;
  std::vector<std::string> settled;
  std::ranges::copy_if(used_, std::back_inserter(settled),
                       [&](const std::string& name) { return is_settled(known_.at(name).stamp); });
  keep(cache_folder_, kept_as_, [&](Record& record) {
    record.put(std::ssize(settled));
    for (const std::string& name : settled) {
      record.put(name);
      record.put(known_.at(name).stamp);
      record.put(known_.at(name).fingerprint);
    }
  });
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace weft::host
