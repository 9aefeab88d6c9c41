// SPDX-License-Identifier: Apache-2.0
#include "host/data/shard.hpp"

#include <exception>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

Bytes MemberPlace::read() const {
  if (!file) return bytes;
  const auto changed = [&](const std::string& found) {
    const bool is_below = !file->folder.empty();
    return Error(Exit::bad_data,
                 concat("The file ", file->folder, is_below ? "/" : "", file->name, " ", found,
                        ", though it was whole when the data was opened. Leave data as it is "
                        "while a run reads it, and start again."));
  };
  const DataFile input =
      file->folder.empty() ? DataFile(file->name) : DataFile(file->folder, file->name);
  if (!input.problem().empty()) throw changed(input.problem());
  if (input.stamp() != file->stamp) throw changed("has changed");
  try {
    Bytes found = input.read_at(offset, static_cast<std::size_t>(size));
    if (std::ssize(found) == size) return found;
  } catch (const std::exception& problem) {
    throw changed(concat("cannot be read (", problem.what(), ")"));
  }
  throw changed("is cut off");
}

Shard read_shard(const std::string& path, const std::string& cache_folder) {
  return path.ends_with(".jsonl") ? read_folder(path, cache_folder) : read_tar(path, cache_folder);
}

}  // namespace weft::host
