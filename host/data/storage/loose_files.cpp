// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/loose_files.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(Exit::bad_data, concat(what, ". ", remedy));
}

/// The names of the files below the folder, in byte order.
std::set<std::string> names_below(const std::string& folder, PassedOver& passed_over) {
  std::set<std::string> names, others;
  std::error_code problem;
  for (fs::recursive_directory_iterator i(folder, problem), end; i != end; i.increment(problem)) {
    const std::string name = i->path().lexically_relative(folder).generic_string();
    const bool is_folder = i->is_directory() && !i->is_symlink();
    if (!is_sample_file(is_folder ? name + "/KEY.ext" : name) ||
        i->path().filename().string().starts_with('.')) {
      others.insert(name);
      i.disable_recursion_pending();
    } else if (!is_folder && (i->is_symlink() || !i->is_regular_file())) {
      refuse(concat(folder, " holds ", name, ", which is a link or a device"),
             "Only files are read: put the file in its place, or leave it out.");
    } else if (!is_folder) {
      names.insert(name);
    }
  }
  for (const std::string& name : others) passed_over.add(name);
  if (!problem) return names;
  throw Error(Exit::no_input, concat("The folder ", folder, " cannot be read (", problem.message(),
                                     "). Check the path."));
}

}  // namespace

Shard read_loose_files(const std::string& folder) {
  Shard shard;
  shard.name = folder;
  Fingerprint fingerprint;
  std::map<std::string, std::set<std::string>> samples;
  for (const std::string& name : names_below(folder, shard.passed_over)) {
    samples[key_and_name(name).first].insert(name);
  }
  for (const auto& [key, names] : samples) {
    const std::size_t sample = shard.add_sample(key);
    for (const std::string& name : names) {
      const DataFile file(folder, name);
      const FileStamp& stamp = file.stamp();
      if (!file.problem().empty() || stamp.size > static_cast<std::int64_t>(k_largest_member)) {
        refuse(concat(folder, "/", name, " ",
                      file.problem().empty() ? concat("has ", stamp.size, " bytes; at most ",
                                                      k_largest_member, " are read")
                                             : file.problem()),
               "Divide it, or leave it out.");
      }
      fingerprint.add(concat(name, ' ', stamp.size, ' ', stamp.modified, '\n'));
      shard.add_member(sample, key_and_name(name).second, MemberFile{folder, name, stamp});
    }
  }
  if (shard.size() == 0) {
    const PassedOver& others = shard.passed_over;
    refuse(concat(folder, " holds no sample",
                  others.count > 0 ? concat(": none of its ", others.count,
                                            " files is KEY.ext, e.g. ", others.names.front())
                                   : ""),
           "Name a folder with files KEY.ext.");
  }
  shard.fingerprint = fingerprint.hex();
  return shard;
}

}  // namespace weft::host
