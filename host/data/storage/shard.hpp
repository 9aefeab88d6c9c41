// SPDX-License-Identifier: Apache-2.0
/// Shards (docs/formats/shards.md): tar files, plain and compressed, folders of files with or
/// without an index, tables and texts. A shard is a list of samples; where its members
/// lie is known once it is open, their bytes are read when they are asked for. Nothing is ever
/// unpacked to disk, and the name of a tar member serves only as a key.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/data/storage/data_file.hpp"
#include "host/data/storage/tar_reader.hpp"

namespace weft::host {

/// Members larger than this are refused, before memory is asked for.
inline constexpr std::size_t k_largest_member = std::size_t{256} << 20;

/// A compressed tar that expands to more than this many times its size is not data but an attack.
/// The first bytes are free: a small file of equal texts may well shrink further.
inline constexpr std::int64_t k_largest_ratio = 200;
inline constexpr std::int64_t k_free_of_ratio = 1 << 20;

/// The names in what a field calls its member: one, or several divided by `;`.
std::vector<std::string_view> member_names(std::string_view members);

/// A file that members lie in, as it was when its shard was opened.
struct MemberFile {
  std::string folder;  ///< where `name` is looked up, and which it may not leave; empty for a path
  std::string name;
  FileStamp stamp;
};

/// A sample, or the rest of a shard, that cannot be used.
struct BadSample {
  std::string shard;   ///< the file's path, the `pipe:` command, or `standard input`
  std::string key;     ///< empty for the rest of a shard
  std::string reason;  ///< the sentence
  bool operator==(const BadSample&) const = default;
};

/// The samples of one shard: their keys, and where the bytes of their members lie. It takes about
/// 16 bytes for each member and 10 and the key for each sample, since a data set may have millions.
class Shard {
 public:
  std::string name;            ///< the file's path, the `pipe:` command, or `standard input`
  std::string fingerprint;     ///< XXH3-128 of the file; of a folder: of its index and its files
  std::vector<BadSample> bad;  ///< what was set aside when it was opened (Damage::set_aside)
  PassedOver passed_over;      ///< files of a tar that are no sample's

  std::size_t size() const { return samples_.size(); }

  /// The name up to the first dot after the last slash.
  std::string_view key(std::size_t sample) const;

  /// `/data/digits-qa-train-000.tar, sample 3-jackson-12`: how a message begins.
  std::string place(std::size_t sample) const;

  /// `SHARD, sample KEY: FIELD.MEMBER`: how a message about a field's file begins. Of one that the
  /// user named, that name.
  std::string place(std::size_t sample, std::string_view field, std::string_view member) const;

  /// What follows that dot (`png`, `wav`, `json`), of each member, in alphabetical order.
  std::vector<std::string> members(std::size_t sample) const;

  bool has(std::size_t sample, std::string_view member) const;

  /// Of names as a field gives them, `jpg;jpeg;png`, the first that the sample has; where it has
  /// none, all of them as they are.
  std::string_view chosen(std::size_t sample, std::string_view members) const;
  /// Whether it has one of them.
  bool has_any(std::size_t sample, std::string_view members) const;

  /// ` Did you mean CLS? …` where the sample has a member of this name in other case; else empty.
  std::string other_case(std::size_t sample, std::string_view members) const;

  /// The member's bytes.
  /// @throws Error (bad_data) naming the members that the sample does have, or when the file is
  ///         gone or has changed since the shard was opened
  Bytes read(std::size_t sample, std::string_view member) const;

  /// Of members that are files of their own, the names in their folder.
  std::set<std::string> file_names() const;

  /// Gives back the memory that was set aside for more samples.
  void close();

  // For the readers of shards.

  /// What all members lie in that are added by their place.
  void set_file(MemberFile file) { files_ = {std::move(file)}; }
  /// Samples keep the order in which they are added; returns the new one's number.
  std::size_t add_sample(std::string_view key);
  /// A place inside the file. False where the sample has this member already.
  /// @throws std::length_error when there are more than 65,535 names of members
  bool add_member(std::size_t sample, const std::string& member, std::int64_t offset,
                  std::int64_t size);
  /// A file of its own.
  bool add_member(std::size_t sample, const std::string& member, MemberFile file);
  /// Bytes that are kept in memory.
  bool add_member(std::size_t sample, const std::string& member, std::string_view bytes);
  /// The file that the bytes of a member come from.
  void set_origin(std::size_t sample, const std::string& member, const std::string& file) {
    origins_[{sample, member}] = file;
  }
  /// Where a member lies that was added by its place.
  std::pair<std::int64_t, std::int64_t> offset_and_size(std::size_t sample,
                                                        std::string_view member) const;

 private:
  enum Where : std::uint8_t { in_file, own_file, held };
  struct Member {
    std::uint64_t at : 46;  ///< offset in files_[0], index into files_, or offset in held_
    std::uint64_t where : 2;
    std::uint64_t name : 16;  ///< index into names_
    std::uint32_t size;
    std::uint32_t next;  ///< the sample's next member, or k_none
  };
  struct Start {
    std::uint32_t key_end;  ///< in keys_
    std::uint32_t first;    ///< the sample's first member, or k_none
  };
  static constexpr std::uint32_t k_none = 0xffffffff;
  static constexpr std::uint64_t k_largest_place = (std::uint64_t{1} << 46) - 1;

  const Member* find(std::size_t sample, std::string_view member) const;
  bool add(std::size_t sample, const std::string& member, Where where, std::size_t at,
           std::size_t size);

  std::vector<MemberFile> files_;
  std::deque<Start> samples_;  // which grow without being copied, and without room to spare
  std::deque<Member> members_;
  std::string keys_, held_;
  std::vector<std::string> names_;
  std::map<std::pair<std::size_t, std::string>, std::string> origins_;
  std::map<std::string, std::uint16_t, std::less<>> number_of_;  ///< by the name of a member
};

/// What becomes of a tar that is damaged behind its first samples, and of faulty lines of an index.
enum class Damage {
  refuse,     ///< they are an Error
  set_aside,  ///< the other samples are taken, and Shard::bad says what is left out
};

/// Opens a shard. A folder and a table (`.csv`, `.tsv`) are read as file_folder.hpp says, and so is
/// a `metadata.jsonl`. Any other name that ends in `.jsonl`, in either case, is an index of JSON
/// lines when its first line has a "key", and else a text of which each line is the member `json`
/// of a sample; one that ends in
/// `.txt` is a text of which each line is a member `txt`; all else is a tar file, plain or
/// compressed by gzip or Zstandard.
/// @param cache_folder  where is kept what a second opening need not find out again: where the
///                      members of a plain tar lie, and the fingerprints; empty to keep nothing
/// @param damage        whether what is damaged is left out
/// @throws Error (no_input) when there is no such file; (bad_data) when it is no shard, is cut off,
///         holds links, devices or sparse files, one member twice, one that is too large, or no
///         sample; when it is compressed more than 200 to 1; when an index names a file that is not
///         there or not inside its folder
Shard read_shard(const std::string& path, const std::string& cache_folder = "",
                 Damage damage = Damage::refuse);

/// The bytes as text.
inline std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The sorts of shards, each in a file of its own. As read_shard().
Shard read_tar(const std::string& path, const std::string& cache_folder, Damage damage);
Shard read_folder(const std::string& index, const std::string& cache_folder, Damage damage);
/// True unless the first line that is an object has no "key".
bool is_folder_index(const std::string& path);
/// A text file, of which each line that is not blank is a sample of one member. Its key is the
/// line's number, from 1.
Shard read_lines(const std::string& path, const std::string& member);

}  // namespace weft::host
