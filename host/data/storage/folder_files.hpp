// SPDX-License-Identifier: Apache-2.0
/// Files of one folder that become members of samples: looked at, and known by their contents.

#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "host/base/fingerprint.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

/// Whether the contents of files count in their shard's fingerprint, and so are read at opening.
enum class Contents { fingerprinted, unread };

/// The fingerprint covers the contents of every file. A file's own is kept in the cache folder, and
/// counts while its size, time of modification and inode stay the same.
class FolderFiles {
 public:
  /// @param folder        where names are looked up, and which they may not leave
  /// @param kept_as       the path under which fingerprints are kept: that of the index or folder
  /// @param cache_folder  empty to keep nothing
  FolderFiles(std::string folder, std::string kept_as, std::string cache_folder,
              Contents contents = Contents::fingerprinted);

  /// Looks at a file, and reads it unless its content is known.
  /// @return what is wrong, `cannot be opened (No such file or directory)`; else empty
  std::string look_at(const std::string& name);

  /// A file that look_at() found nothing wrong with.
  MemberFile member(const std::string& name) const;

  /// Keeps what is known of those that were looked at.
  void keep_known() const;

  /// Of the contents of the files in the order in which they were looked at, and of the text that
  /// names them. To be called once.
  std::string fingerprint_with(std::string_view text) {
    fingerprint_.add(text);
    return fingerprint_.hex();
  }

 private:
  struct Known {
    FileStamp stamp;
    std::string fingerprint;
  };

  void recall();

  std::string folder_, kept_as_, cache_folder_;
  Contents contents_;
  std::map<std::string, Known> known_;
  std::set<std::string> used_;
  Fingerprint fingerprint_;
  bool is_new_ = false;
};

/// The folder in which a file lies: `.` for a name alone.
std::string folder_of(const std::string& path);

}  // namespace weft::host
