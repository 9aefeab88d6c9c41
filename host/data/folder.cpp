// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/fingerprint.hpp"
#include "host/data/kept.hpp"
#include "host/data/shard.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Deeper JSON is refused: copying and writing it would recurse until the stack is full.
constexpr int k_deepest = 64;

constexpr std::size_t k_largest_index = std::size_t{1} << 30;

/// As JSON writes it: a name may hold anything.
std::string quoted(const std::string& text) {
  return Json(text).dump();
}

/// Reads the lines of an index. `line_` is the number of the line at hand, for messages.
class FolderReader {
 public:
  FolderReader(const std::string& path, const std::string& cache_folder)
      : path_(path), cache_folder_(cache_folder) {
    const std::filesystem::path file(path);
    folder_ = file.parent_path().string();
    if (folder_.empty()) folder_ = ".";
    shard_.name = file.filename().string();
  }

  Shard read() {
    const Bytes bytes = read_index();
    fingerprint_.add(text_of(bytes));
    recall();
    std::string_view rest = text_of(bytes);
    while (!rest.empty()) {
      ++line_;
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) take(parse(line));
    }
    if (shard_.samples.empty()) {
      throw Error(Exit::bad_data, concat("The index ", path_,
                                         " holds no sample. Write one JSON "
                                         "object a line, with a key and members."));
    }
    remember();
    shard_.fingerprint = fingerprint_.hex();
    return std::move(shard_);
  }

 private:
  /// A file that the index names, with its contents' fingerprint.
  struct Known {
    FileStamp stamp;
    std::string fingerprint;
  };

  [[noreturn]] void fail(const std::string& found, const std::string& remedy) const {
    throw Error(Exit::bad_data,
                concat("The index ", path_, ", line ", line_, ": ", found, ". ", remedy));
  }

  Bytes read_index() const {
    DataFile input(path_);
    if (!input.problem().empty()) {
      throw Error(Exit::no_input, concat("The index ", path_, " ", input.problem(),
                                         ". Check the path under data/shards."));
    }
    try {
      return input.read_all(k_largest_index);
    } catch (const std::exception& problem) {
      throw Error(Exit::bad_data, concat("The index ", path_, " cannot be read: ", problem.what(),
                                         ". Divide it, or check the disk."));
    }
  }

  Json parse(std::string_view line) const {
    std::set<std::string> names;
    const auto is_sound = [&](int depth, Json::parse_event_t event, Json& value) -> bool {
      if (depth > k_deepest) throw std::length_error(concat("deeper than ", k_deepest, " levels"));
      if (depth == 1 && event == Json::parse_event_t::key &&
          !names.insert(value.get<std::string>()).second) {
        throw std::invalid_argument(concat("it holds ", value.dump(), " twice"));
      }
      return true;
    };
    std::string reason = "it is not an object";
    try {
      Json json = Json::parse(line, is_sound);
      if (json.is_object()) return json;
    } catch (const std::exception& problem) {
      reason = problem.what();
    }
    fail(concat("it is not usable JSON (", reason, ")"), "Correct the line.");
  }

  void take(const Json& json) {
    const auto key = json.find("key");
    if (key == json.end() || !key->is_string() || key->get_ref<const std::string&>().empty()) {
      fail("there is no key", "Give every sample a \"key\" of its own, a text.");
    }
    Sample sample{key->get<std::string>(), {}};
    if (!keys_.insert(sample.key).second) {
      fail(concat("the key ", quoted(sample.key), " stands in an earlier line too"),
           "Give every sample a key of its own.");
    }
    for (const auto& [name, value] : json.items()) {
      if (name != "key") sample.members[name] = member(name, value);
    }
    if (sample.members.empty())
      fail("the sample has no member", "Name its files, or leave it out.");
    shard_.samples.push_back(std::move(sample));
  }

  MemberPlace member(const std::string& name, const Json& value) {
    if (value.is_string()) return file_member(name, value.get<std::string>());
    std::string text;
    if (name == "json" && value.is_object()) {
      text = value.dump();
    } else if (value.is_object() && value.size() == 1 && value.contains("text") &&
               value.at("text").is_string()) {
      text = value.at("text").get<std::string>();
    } else {
      fail(
          concat("the member ", name, " is ", value.dump(-1, ' ', false).substr(0, 60),
                 ", neither a file's name nor a text"),
          "Write the name of a file below the index's folder, {\"text\": \"…\"}, or for the member "
          "json an object.");
    }
    MemberPlace member;
    const auto* const first = reinterpret_cast<const std::byte*>(text.data());
    member.bytes.assign(first, first + text.size());
    member.size = std::ssize(text);
    return member;
  }

  MemberPlace file_member(const std::string& member_name, const std::string& name) {
    DataFile input(folder_, name);
    const auto refuse = [&](const std::string& found) {
      fail(concat("the file ", quoted(name), " of member ", member_name, " ", found),
           "Name a file below the index's folder, or leave the sample out.");
    };
    if (!input.problem().empty()) refuse(input.problem());
    if (input.stamp().size > static_cast<std::int64_t>(k_largest_member)) {
      refuse(concat("has ", input.stamp().size, " bytes; at most ", k_largest_member, " are read"));
    }
    Known& known = known_[name];
    if (known.stamp != input.stamp() || known.fingerprint.empty()) {
      try {
        const Bytes bytes = input.read_all(k_largest_member);
        Fingerprint fingerprint;
        fingerprint.add(bytes.data(), bytes.size());
        known = {input.stamp(), fingerprint.hex()};
      } catch (const std::exception& problem) {
        refuse(concat("cannot be read (", problem.what(), ")"));
      }
      is_new_ = true;
    }
    fingerprint_.add(known.fingerprint);
    used_.insert(name);
    MemberPlace member;
    member.file = std::make_shared<const MemberFile>(MemberFile{folder_, name, known.stamp});
    member.size = known.stamp.size;
    return member;
  }

  /// Takes the fingerprints that were kept; they count while a file's stamp is the same.
  void recall() {
    std::optional<Record> record = find_kept(cache_folder_, path_);
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

  void remember() const {
    if (!is_new_) return;
    std::vector<std::string> settled;
    std::ranges::copy_if(used_, std::back_inserter(settled), [&](const std::string& name) {
      return is_settled(known_.at(name).stamp);
    });
    Record record;
    record.put(std::ssize(settled));
    for (const std::string& name : settled) {
      record.put(name);
      record.put(known_.at(name).stamp);
      record.put(known_.at(name).fingerprint);
    }
    keep(cache_folder_, path_, record);
  }

  std::string path_, folder_, cache_folder_;
  std::size_t line_ = 0;
  Shard shard_;
  Fingerprint fingerprint_;
  std::set<std::string> keys_;
  std::map<std::string, Known> known_;  ///< by the name in the index
  std::set<std::string> used_;
  bool is_new_ = false;
};

}  // namespace

Shard read_folder(const std::string& index, const std::string& cache_folder) {
  return FolderReader(index, cache_folder).read();
}

}  // namespace weft::host
