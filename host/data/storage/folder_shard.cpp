// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/folder_files.hpp"
#include "host/data/storage/shard.hpp"
#include "host/data/storage/text_shard.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Deeper JSON is refused: copying and writing it would recurse until the stack is full.
constexpr std::size_t k_deepest = 64;

/// As JSON writes it: a name may hold anything.
std::string quoted(const std::string& text) {
  return Json(text).dump();
}

/// Tells whether a JSON text is an object with a "key", and keeps nothing of it.
class KeyFinder : public nlohmann::json_sax<Json> {
 public:
  bool is_object() const { return is_object_; }
  bool has_key() const { return has_key_; }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override {
    is_object_ |= depth_ == 0;
    return ++depth_ > 0;
  }
  bool start_array(std::size_t /*elements*/) override { return ++depth_ > 0; }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool key(string_t& name) override {
    has_key_ |= depth_ == 1 && name == "key";
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  std::int64_t depth_ = 0;
  bool is_object_ = false, has_key_ = false;
};

/// Reads the lines of an index. `line_` is the number of the line at hand, for messages.
class FolderReader {
 public:
  FolderReader(const std::string& path, const std::string& cache_folder, Damage damage)
      : path_(path), damage_(damage), files_(folder_of(path), path, cache_folder) {
    shard_.name = path;
  }

  Shard read() {
    Lines lines(path_, "index");
    while (const std::optional<std::string_view> line = lines.next()) {
      line_ = lines.number();
      try {
        take(parse(*line));
      } catch (const Error& error) {
        if (damage_ == Damage::refuse) throw;
        shard_.bad.push_back({shard_.name, concat("line ", line_), error.what()});
      }
    }
    if (shard_.size() == 0 && !shard_.bad.empty())
      throw Error(Exit::bad_data, shard_.bad.front().reason);
    if (shard_.size() == 0) {
      throw Error(Exit::bad_data, concat("The index ", path_,
                                         " holds no sample. Write one JSON "
                                         "object a line, with a key and members."));
    }
    files_.keep_known();
    shard_.fingerprint = files_.fingerprint_with(lines.fingerprint());
    return std::move(shard_);
  }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& remedy) const {
    throw Error(Exit::bad_data,
                concat("The index ", path_, ", line ", line_, ": ", found, ". ", remedy));
  }

  Json parse(std::string_view line) const {
    std::string reason = "it is not an object";
    try {
      Json json = parse_strictly(line, {k_deepest, 1});
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
    const auto& name = key->get_ref<const std::string&>();
    if (!keys_.insert(name).second) {
      fail(concat("the key ", quoted(name), " stands in an earlier line too"),
           "Give every sample a key of its own.");
    }
    if (json.size() == 1) fail("the sample has no member", "Name its files, or leave it out.");
    for (const auto& [member, value] : json.items()) {
      if (member != "key") check_member(member, value);
    }
    const std::size_t sample = shard_.add_sample(name);
    for (const auto& [member, value] : json.items()) {
      if (member != "key") add_member(sample, member, value);
    }
  }

  void check_member(const std::string& name, const Json& value) {
    if (value.is_string()) return known_file(name, value.get<std::string>());
    if ((name == "json" && value.is_object()) || is_text(value)) return;
    fail(concat("the member ", name, " is ", value.dump(-1, ' ', false).substr(0, 60),
                ", neither a file's name nor a text"),
         "Write the name of a file below the index's folder, {\"text\": \"…\"}, or for the member "
         "json an object.");
  }

  void add_member(std::size_t sample, const std::string& name, const Json& value) {
    if (value.is_string()) {
      const auto& file = value.get_ref<const std::string&>();
      shard_.add_member(sample, name, files_.member(file));
    } else if (name == "json" && value.is_object()) {
      shard_.add_member(sample, name, std::string_view(value.dump()));
    } else {
      shard_.add_member(sample, name,
                        std::string_view(value.at("text").get_ref<const std::string&>()));
    }
  }

  static bool is_text(const Json& value) {
    return value.is_object() && value.size() == 1 && value.contains("text") &&
           value.at("text").is_string();
  }

  void known_file(const std::string& member_name, const std::string& name) {
    const std::string problem = files_.look_at(name);
    if (problem.empty()) return;
    fail(concat("the file ", quoted(name), " of member ", member_name, " ", problem),
         "Name a file below the index's folder, or leave the sample out.");
  }

  std::string path_;
  Damage damage_;
  std::size_t line_ = 0;
  Shard shard_;
  FolderFiles files_;
  std::set<std::string> keys_;
};

}  // namespace

Shard read_folder(const std::string& index, const std::string& cache_folder, Damage damage) {
  return FolderReader(index, cache_folder, damage).read();
}

bool is_folder_index(const std::string& path) {
  Lines lines(path, "index");
  while (const std::optional<std::string_view> line = lines.next()) {
    KeyFinder finder;
    const bool is_json = Json::sax_parse(line->begin(), line->end(), &finder);
    if (is_json && finder.is_object()) return finder.has_key();
  }
  return true;
}

}  // namespace weft::host
