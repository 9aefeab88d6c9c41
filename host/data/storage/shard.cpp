// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/shard.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/file_folder.hpp"
#include "host/data/storage/foreign_file.hpp"

namespace weft::host {
namespace {

Bytes read_from(const MemberFile& file, std::int64_t offset, std::size_t size) {
  const auto changed = [&](const std::string& found) {
    const bool is_below = !file.folder.empty();
    return Error(Exit::bad_data,
                 concat("The file ", file.folder, is_below ? "/" : "", file.name, " ", found,
                        ", though it was whole when the data was opened. Leave data as it is "
                        "while a run reads it, and start again."));
  };
  const DataFile input =
      file.folder.empty() ? DataFile(file.name) : DataFile(file.folder, file.name);
  if (!input.problem().empty()) throw changed(input.problem());
  if (input.stamp() != file.stamp) throw changed("has changed");
  try {
    Bytes found = input.read_at(offset, size);
    if (found.size() == size) return found;
  } catch (const std::exception& problem) {
    throw changed(concat("cannot be read (", problem.what(), ")"));
  }
  throw changed("is cut off");
}

}  // namespace

std::vector<std::string_view> member_names(std::string_view members) {
  std::vector<std::string_view> names;
  for (std::size_t begin = 0, end = 0; end != std::string_view::npos; begin = end + 1) {
    end = members.find(';', begin);
    names.push_back(members.substr(begin, end - begin));
  }
  return names;
}

std::string_view Shard::key(std::size_t sample) const {
  const std::size_t begin = sample == 0 ? 0 : samples_[sample - 1].key_end;
  return std::string_view(keys_).substr(begin, samples_[sample].key_end - begin);
}

std::string Shard::place(std::size_t sample) const {
  return concat(name, ", sample ", key(sample));
}

std::string Shard::place(std::size_t sample, std::string_view field,
                         std::string_view member) const {
  const auto origin = origins_.find({sample, std::string(member)});
  return origin != origins_.end() ? origin->second
                                  : concat(place(sample), ": ", field, ".", member);
}

std::vector<std::string> Shard::members(std::size_t sample) const {
  std::vector<std::string> found;
  for (std::uint32_t i = samples_[sample].first; i != k_none; i = members_[i].next) {
    found.push_back(names_[members_[i].name]);
  }
  std::ranges::sort(found);
  return found;
}

bool Shard::has(std::size_t sample, std::string_view member) const {
  return find(sample, member) != nullptr;
}

std::string_view Shard::chosen(std::size_t sample, std::string_view members) const {
  const std::vector<std::string_view> names = member_names(members);
  const auto found =
      std::ranges::find_if(names, [&](std::string_view one) { return has(sample, one); });
  return found == names.end() ? members : *found;
}

bool Shard::has_any(std::size_t sample, std::string_view members) const {
  const std::vector<std::string_view> names = member_names(members);
  return std::ranges::any_of(names, [&](std::string_view one) { return has(sample, one); });
}

std::string Shard::other_case(std::size_t sample, std::string_view members) const {
  for (const std::string& found : this->members(sample)) {
    for (const std::string_view asked : member_names(members)) {
      if (found.size() != asked.size() || !has_ending(found, asked)) continue;
      return concat(" Did you mean ", found, "? Upper and lower case differ.");
    }
  }
  return "";
}

Bytes Shard::read(std::size_t sample, std::string_view member) const {
  const Member* const found = find(sample, member);
  if (found == nullptr) {
    throw Error(Exit::bad_data, concat(place(sample), ": there is no member ", member, "; it has ",
                                       enumerate(members(sample)), ".", other_case(sample, member),
                                       " Correct the data, or name another member."));
  }
  const auto at = static_cast<std::size_t>(found->at);
  if (found->where == held) {
    const auto* const first = reinterpret_cast<const std::byte*>(held_.data() + at);
    return {first, first + found->size};
  }
  const bool is_own = found->where == own_file;
  return read_from(files_[is_own ? at : 0], is_own ? 0 : static_cast<std::int64_t>(at),
                   found->size);
}

std::size_t Shard::add_sample(std::string_view key) {
  constexpr std::size_t most = 0xffffffff;  // what a place in keys_ and in members_ can say
  if (keys_.size() + key.size() > most || members_.size() >= most) {
    throw Error(Exit::bad_data, concat("The shard ", name,
                                       " holds more keys or members than 4 GiB "
                                       "can name. Divide it."));
  }
  keys_.append(key);
  samples_.push_back({static_cast<std::uint32_t>(keys_.size()), k_none});
  return samples_.size() - 1;
}

bool Shard::add_member(std::size_t sample, const std::string& member, std::int64_t offset,
                       std::int64_t size) {
  return add(sample, member, in_file, static_cast<std::size_t>(offset),
             static_cast<std::size_t>(size));
}

bool Shard::add_member(std::size_t sample, const std::string& member, MemberFile file) {
  const auto size = static_cast<std::size_t>(file.stamp.size);
  if (!add(sample, member, own_file, files_.size(), size)) return false;
  files_.push_back(std::move(file));
  return true;
}

bool Shard::add_member(std::size_t sample, const std::string& member, std::string_view bytes) {
  if (!add(sample, member, held, held_.size(), bytes.size())) return false;
  held_.append(bytes);
  return true;
}

std::set<std::string> Shard::file_names() const {
  std::set<std::string> names;
  for (const MemberFile& file : files_) names.insert(file.name);
  return names;
}

void Shard::close() {
  files_.shrink_to_fit();
  samples_.shrink_to_fit();
  members_.shrink_to_fit();
  keys_.shrink_to_fit();
  held_.shrink_to_fit();
}

std::pair<std::int64_t, std::int64_t> Shard::offset_and_size(std::size_t sample,
                                                             std::string_view member) const {
  const Member* const found = find(sample, member);
  return {static_cast<std::int64_t>(found->at), std::int64_t{found->size}};
}

const Shard::Member* Shard::find(std::size_t sample, std::string_view member) const {
  const auto number = number_of_.find(member);
  if (number == number_of_.end()) return nullptr;
  for (std::uint32_t i = samples_[sample].first; i != k_none; i = members_[i].next) {
    if (members_[i].name == number->second) return &members_[i];
  }
  return nullptr;
}

bool Shard::add(std::size_t sample, const std::string& member, Where where, std::size_t at,
                std::size_t size) {
  if (find(sample, member) != nullptr) return false;
  if (!number_of_.contains(member)) {
    if (names_.size() == 0xffff) throw std::length_error("more than 65535 names of members");
    number_of_[member] = static_cast<std::uint16_t>(names_.size());
    names_.push_back(member);
  }
  std::uint32_t& first = samples_[sample].first;
  members_.push_back({at & k_largest_place, where & 3U, number_of_[member],
                      static_cast<std::uint32_t>(size), first});
  first = static_cast<std::uint32_t>(members_.size() - 1);
  return true;
}

namespace {

Shard read_any(const std::string& path, const std::string& cache_folder, Damage damage) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return read_file_folder(path, cache_folder, damage);
  }
  if (is_table(path)) return read_table(path, cache_folder, damage);
  if (has_ending(path, ".txt")) return read_lines(path, "txt");
  if (!has_ending(path, ".jsonl")) return read_tar(path, cache_folder, damage);
  if (is_folder_index(path)) return read_folder(path, cache_folder, damage);
  const bool is_metadata = std::filesystem::path(path).filename() == "metadata.jsonl";
  return is_metadata ? read_metadata_lines(path, cache_folder, damage) : read_lines(path, "json");
}

}  // namespace

Shard read_shard(const std::string& path, const std::string& cache_folder, Damage damage) {
  Shard shard = read_any(path, cache_folder, damage);
  shard.close();
  return shard;
}

}  // namespace weft::host
