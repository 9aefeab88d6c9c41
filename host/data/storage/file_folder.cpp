// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/file_folder.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/foreign_file.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw Error(Exit::bad_data, concat(what, ". ", remedy));
}

/// What lies below a folder, in byte order.
struct Below {
  std::set<std::string> files;
  std::set<std::string> folders;  ///< directly in it
  std::set<std::string> links;    ///< and devices
  std::set<std::string> others;   ///< hidden, or no KEY.ext
};

Below look_below(const std::string& folder) {
  Below below;
  std::error_code problem;
  for (fs::recursive_directory_iterator i(folder, problem), end; i != end; i.increment(problem)) {
    const std::string name = i->path().lexically_relative(folder).generic_string();
    const bool is_folder = i->is_directory() && !i->is_symlink();
    if (!is_sample_file(is_folder ? name + "/KEY.ext" : name) ||
        i->path().filename().string().starts_with('.')) {
      below.others.insert(name);
      i.disable_recursion_pending();
    } else if (is_folder) {
      if (i.depth() == 0) below.folders.insert(name);
    } else {
      (i->is_symlink() || !i->is_regular_file() ? below.links : below.files).insert(name);
    }
  }
  if (!problem) return below;
  throw Error(Exit::no_input, concat("The folder ", folder, " cannot be read (", problem.message(),
                                     "). Check the path."));
}

std::string ending_of(const std::string& name) {
  return fs::path(name).extension().string();
}

std::string first_folder_of(const std::string& name) {
  return name.substr(0, name.find('/'));
}

/// Of a folder whose files lie in sub-folders, those that lie beside them; nothing of any other.
std::optional<std::set<std::string>> beside_classes(const Below& below) {
  std::set<std::string> beside, endings;
  for (const std::string& name : below.files) {
    if (name.find('/') == std::string::npos)
      beside.insert(name);
    else
      endings.insert(ending_of(name));
  }
  const bool is_mixed = std::ranges::any_of(
      beside, [&](const std::string& name) { return endings.contains(ending_of(name)); });
  if (endings.empty() || is_mixed) return std::nullopt;
  return beside;
}

/// Reads the files of a folder without metadata.
class FolderOfFiles {
 public:
  FolderOfFiles(const std::string& folder, const std::string& cache_folder, Damage damage,
                Contents contents)
      : folder_(folder), damage_(damage), files_(folder, folder, cache_folder, contents) {
    shard_.name = folder;
  }

  Shard read() {
    Below below = look_below(folder_);
    for (const std::string& name : below.links) {
      attempt(name, [&] {
        refuse(concat(folder_, " holds ", name, ", which is a link or a device"),
               "Only files are read: put the file in its place, or leave it out.");
      });
    }
    if (const auto beside = beside_classes(below)) {
      is_of_classes_ = true;
      check_classes(below);
      for (const std::string& name : *beside) below.files.erase(name);
      below.others.insert(beside->begin(), beside->end());
    }
    for (const std::string& name : below.others) shard_.passed_over.add(name);
    for (const std::string& name : below.files) samples_[split_name(name).first].push_back(name);
    for (const auto& [key, names] : samples_) add_sample(key, names);
    return finish();
  }

 private:
  template <class Work>
  void attempt(const std::string& key, const Work& work) {
    try {
      work();
    } catch (const Error& error) {
      if (damage_ == Damage::refuse) throw;
      shard_.bad.push_back({folder_, key, error.what()});
    }
  }

  /// KEY and ext.
  std::pair<std::string, std::string> split_name(const std::string& name) const {
    if (!is_of_classes_) return key_and_name(name);
    const std::size_t dot = name.rfind('.');
    return {name.substr(0, dot), name.substr(dot + 1)};
  }

  void check_classes(const Below& below) {
    std::set<std::string> full;
    for (const std::string& name : below.files) full.insert(first_folder_of(name));
    constexpr std::array k_splits_names = {"train", "val", "valid", "validation", "dev", "test"};
    const bool are_splits =
        full.size() > 1 && full.contains("train") &&
        std::ranges::all_of(full, [&](const std::string& name) {
          return std::ranges::find(k_splits_names, name) != k_splits_names.end();
        });
    if (are_splits) {
      refuse(concat("The folders ", enumerate({full.begin(), full.end()}), " in ", folder_,
                    " are parts of a data set, not classes"),
             concat("Name them in shards one by one: {\"train\": [\"", folder_, "/train\"], …}."));
    }
    for (const std::string& name : below.folders) {
      if (full.contains(name) || std::ranges::any_of(below.links, [&](const std::string& link) {
            return link.starts_with(name + "/");
          }))
        continue;
      attempt(name, [&] {
        refuse(concat("The folder ", folder_, "/", name, " holds no file KEY.ext"),
               "Put the files of its class into it, or remove it.");
      });
    }
  }

  void add_sample(const std::string& key, const std::vector<std::string>& names) {
    attempt(key, [&] {
      for (const std::string& name : names) {
        const std::string problem = files_.look_at(name);
        if (!problem.empty())
          refuse(concat(folder_, "/", name, " ", problem), "Divide it, or leave it out.");
      }
      const std::size_t sample = shard_.add_sample(key);
      for (const std::string& name : names) {
        shard_.add_member(sample, split_name(name).second, files_.member(name));
      }
      if (is_of_classes_ && !shard_.has(sample, "cls"))
        shard_.add_member(sample, "cls", std::string_view(first_folder_of(key)));
    });
  }

  Shard finish() {
    if (shard_.size() == 0 && shard_.bad.empty()) {
      const PassedOver& others = shard_.passed_over;
      refuse(concat(folder_, " holds no sample",
                    others.count > 0 ? concat(": none of its ", others.count,
                                              " files is KEY.ext, e.g. ", others.names.front())
                                     : ""),
             "Name a folder with files KEY.ext.");
    }
    files_.keep_known();
    std::string names;
    for (const auto& [key, files] : samples_) {
      for (const std::string& name : files) names += name + '\n';
    }
    shard_.fingerprint = files_.fingerprint_with(names);
    return std::move(shard_);
  }

  std::string folder_;
  Damage damage_;
  FolderFiles files_;
  Shard shard_;
  bool is_of_classes_ = false;
  std::map<std::string, std::vector<std::string>> samples_;  ///< the names of files by key
};

}  // namespace

void require_streamable(const std::string& path) {
  std::error_code ignored;
  if (!is_table(path) && !fs::is_directory(path, ignored)) return;
  throw Error(Exit::bad_recipe, concat(path,
                                       " is read as a whole, and data/stream asks for a "
                                       "stream. Leave stream out, or pack it: `weft data "
                                       "pack ",
                                       path, " --out PREFIX`."));
}

std::optional<std::string> metadata_of(const std::string& folder) {
  std::vector<std::string> found;
  for (const char* name : {"metadata.csv", "metadata.jsonl", "metadata.tsv"}) {
    std::error_code ignored;
    if (fs::exists(fs::path(folder) / name, ignored)) found.emplace_back(name);
  }
  if (found.size() > 1) {
    refuse(concat("The folder ", folder, " holds ", enumerate(found)), "Leave one of them there.");
  }
  if (found.empty()) return std::nullopt;
  return (fs::path(folder) / found.front()).string();
}

Shard read_file_folder(const std::string& folder, const std::string& cache_folder, Damage damage,
                       Contents contents) {
  const std::optional<std::string> metadata = metadata_of(folder);
  if (!metadata) return FolderOfFiles(folder, cache_folder, damage, contents).read();
  Shard shard = is_table(*metadata)
                    ? read_table(*metadata, cache_folder, damage, contents)
                    : read_metadata_lines(*metadata, cache_folder, damage, contents);
  shard.passed_over.reason = "not being named by the metadata";
  const Below below = look_below(folder);
  std::set<std::string> named = shard.file_names();
  for (const std::string& name : below.files) {
    if (!named.contains(name) && fs::path(folder) / name != *metadata) shard.passed_over.add(name);
  }
  for (const std::string& name : below.others) shard.passed_over.add(name);
  return shard;
}

}  // namespace weft::host
