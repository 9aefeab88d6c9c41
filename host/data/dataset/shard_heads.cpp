// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/shard_heads.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "host/base/text.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/shard_names.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_block = 512;  // of a tar
constexpr std::size_t k_sum_at = 148, k_sum_length = 8;

bool begins_with(const Bytes& bytes, std::initializer_list<unsigned char> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

/// Of gzip, or of a Zstandard frame, data or to be skipped.
bool is_compressed(const Bytes& head) {
  if (begins_with(head, {0x1f, 0x8b}) || begins_with(head, {0x28, 0xb5, 0x2f, 0xfd})) return true;
  return head.size() >= 4 && (head[0] & std::byte{0xf0}) == std::byte{0x50} &&
         head[1] == std::byte{0x2a} && head[2] == std::byte{0x4d} && head[3] == std::byte{0x18};
}

/// True if the block's checksum is right: the sum of its bytes, with blanks for the sum itself, in
/// octal digits (POSIX pax, "ustar Interchange Format"). Some writers summed signed bytes.
bool is_tar_header(const Bytes& head) {
  if (head.size() < k_block) return false;
  std::int64_t sum = k_sum_length * ' ', signed_sum = sum, written = 0;
  for (std::size_t i = 0; i < k_block; ++i) {
    const int byte = std::to_integer<int>(head[i]);
    if (i < k_sum_at || i >= k_sum_at + k_sum_length) {
      sum += byte;
      signed_sum += byte < 128 ? byte : byte - 256;
    } else if (byte >= '0' && byte <= '7') {
      written = 8 * written + (byte - '0');
    } else if (byte != ' ' && byte != 0) {
      return false;
    }
  }
  return sum == written || signed_sum == written;
}

constexpr const char* k_path = "Check the path under data/shards";
constexpr const char* k_again = "Copy it again from its source, or make it anew";

std::optional<ForeignFile> wrong_with_head(const Bytes& head, const std::string& path) {
  if (is_compressed(head) || is_tar_header(head)) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.size() == k_block && text.find_first_not_of('\0') == std::string_view::npos)
    return ForeignFile{"holds no sample", k_again};
  if (auto foreign = foreign_file(text, path)) return foreign;
  constexpr std::size_t k_magic_at = 257;
  const bool has_magic = text.size() > k_magic_at && text.substr(k_magic_at).starts_with("ustar");
  return ForeignFile{has_magic ? "is damaged in its first header" : "is not a tar file", k_again};
}

/// Whether there is anything in it; it is read when it is opened.
std::optional<ForeignFile> wrong_with_folder(const std::string& path) {
  std::error_code problem;
  const std::filesystem::directory_iterator first(path, problem);
  if (problem) return ForeignFile{concat("cannot be read (", problem.message(), ")"), k_path};
  if (first != std::filesystem::directory_iterator()) return std::nullopt;
  return ForeignFile{"is an empty folder", "Put its files there, or name another"};
}

/// What is wrong with a file; nothing if nothing is. The same words as when it is opened.
std::optional<ForeignFile> wrong_with(const std::string& path, bool look_inside, Exit& exit) {
  exit = Exit::no_input;
  if (!look_inside) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return std::nullopt;
    return ForeignFile{"is not there", k_path};
  }
  const DataFile file(path);
  if (file.problem() == "is a folder") return wrong_with_folder(path);
  if (!file.problem().empty()) return ForeignFile{file.problem(), k_path};
  exit = Exit::bad_data;
  if (file.stamp().size == 0) return ForeignFile{"is empty", k_again};
  for (const char* const text : {".jsonl", ".txt", ".csv", ".tsv"}) {
    if (has_ending(path, text)) return std::nullopt;
  }
  try {
    return wrong_with_head(file.read_at(0, k_block), path);
  } catch (const std::exception& problem) {
    exit = Exit::io;
    return ForeignFile{concat("cannot be read (", problem.what(), ")"), k_again};
  }
}

/// Looks at the entries of one list.
class List {
 public:
  List(std::string pointer, std::size_t& heads, std::vector<Found>& problems)
      : pointer_(std::move(pointer)), heads_(heads), problems_(problems) {}

  void look(const std::vector<std::string>& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string place = concat(pointer_, "/", i);
      try {
        for (const std::string& file : shard_files({entries[i]}, pointer_)) look_at(file, place);
      } catch (const Error& error) {
        // It begins with the place, as if the entry were the list's first.
        std::string text = error.what();
        if (const std::string where = pointer_ + "/0"; text.starts_with(where))
          text.erase(0, text.find_first_not_of(":, ", where.size()));
        problems_.push_back({{"", 0, place, text}, error.exit()});
      }
    }
  }

 private:
  void look_at(const std::string& file, const std::string& place) {
    if (is_pipe(file)) return;
    Exit exit = Exit::ok;
    const auto wrong = wrong_with(file, ++heads_ <= k_most_heads, exit);
    if (!wrong) return;
    problems_.push_back(
        {{"", 0, place, concat("The shard ", file, " ", wrong->found, ". ", wrong->remedy, ".")},
         exit});
  }

  std::string pointer_;
  std::size_t& heads_;
  std::vector<Found>& problems_;
};

}  // namespace

std::vector<Found> look_at_shards(const std::string& section, const DataOptions& options) {
  std::vector<Found> problems;
  std::size_t heads = 0;
  for (const Split split : k_splits) {
    if (split == Split::train && !options.blend.empty()) continue;
    List(concat(section, "/shards/", split_name(split)), heads, problems)
        .look(options.shards[static_cast<std::size_t>(split)]);
  }
  for (std::size_t i = 0; i < options.blend.size(); ++i)
    List(concat(section, "/blend/", i, "/shards"), heads, problems).look(options.blend[i].shards);
  return problems;
}

}  // namespace weft::host
