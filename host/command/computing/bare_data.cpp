// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/bare_data.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/shard_names.hpp"
#include "host/session/session.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* k_section = "data";

bool has_any_ending(const std::string& path, std::initializer_list<const char*> endings) {
  return std::ranges::any_of(endings, [&](const char* one) { return has_ending(path, one); });
}

/// What no text begins with, and so no recipe: an archive, a picture, a table of columns. Its
/// reader says what it is.
bool is_binary(const std::string& path) {
  constexpr std::size_t k_head = 512;
  const DataFile file(path);
  if (!file.problem().empty()) return false;
  const Bytes head = file.read_at(0, k_head);
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return false;  // UTF-16
  return std::ranges::any_of(
      text, [](char c) { return c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r'; });
}

bool is_data(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored) || is_binary(path)) return true;
  return has_any_ending(path, {".tar", ".tgz", ".gz", ".zst", ".jsonl", ".txt", ".csv", ".tsv"});
}

/// As a recipe's entries are.
std::string entry_of(const std::string& path) {
  if (path.starts_with('@')) return "@" + entry_of(path.substr(1));
  return fs::absolute(path).lexically_normal().string();
}

/// The field that takes a member of this ending; null where none is sure to.
/// @param is_shown  small enough to be looked at in batches; else nothing is to be cut
Json field_of(const std::string& member, bool is_shown) {
  if (has_any_ending("." + member, {".png", ".jpg", ".jpeg", ".webp"})) {
    return {{"kind", "image"}, {"size", {64, 64}}, {"channels", 3}};
  }
  if (has_any_ending("." + member, {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"})) {
    constexpr int k_ten_minutes = 48'000;  // the longest that is read
    return {
        {"kind", "log_mel"}, {"preset", "torchaudio"}, {"frames", is_shown ? 1000 : k_ten_minutes}};
  }
  if (has_any_ending("." + member, {".mp4", ".mov", ".mkv", ".webm"})) {
    return {{"kind", "video"},
            {"size", {64, 64}},
            {"channels", 3},
            {"frames", 8},
            {"sample", "uniform"}};
  }
  if (has_any_ending("." + member, {".txt", ".cls", ".text", ".caption", ".transcript"})) {
    return {{"kind", "group"}};
  }
  return nullptr;
}

/// The values of a sample's JSON as fields, so that it is read.
void add_json_fields(const Shard& shard, std::size_t sample, Json& fields) {
  constexpr std::size_t k_most = 16;
  Json json;
  try {
    const Bytes bytes = shard.read(sample, "json");
    json = parse_sample_json(text_of(bytes));
  } catch (const std::exception&) {  // its field will say so
  }
  if (!json.is_object() || json.empty()) json = {{"json", ""}};
  for (const auto& [key, value] : json.items()) {
    if (fields.size() == k_most) break;
    const Json::json_pointer pointer = Json::json_pointer() / key;
    fields["json." + key] = {
        {"kind", "group"}, {"pointer", pointer.to_string()}, {"optional", true}};
  }
}

Json section_of(const std::string& path, bool is_shown) {
  const std::string entry = entry_of(path);
  const std::vector<std::string> files = shard_files({entry}, path);
  const Shard shard = read_shard(files.front(), cache_folder(), Damage::set_aside);
  if (shard.size() == 0) throw Error(Exit::bad_data, shard.bad.front().reason);
  Json fields = Json::object();
  bool has_json = false;
  for (std::size_t i = 0; i < shard.size(); ++i) {
    for (const std::string& member : shard.members(i)) {
      if (fields.contains(member)) continue;
      if (member == "json") {
        if (!has_json) add_json_fields(shard, i, fields);
        has_json = true;
        continue;
      }
      Json field = field_of(member, is_shown);
      if (field.is_null()) continue;
      field["member"] = member;
      field["optional"] = true;
      fields[member] = field;
    }
  }
  if (fields.empty() && !shard.bad.empty()) throw Error(Exit::bad_data, shard.bad.front().reason);
  if (fields.empty()) {
    const std::vector<std::string> found =
        shard.size() > 0 ? shard.members(0) : std::vector<std::string>();
    throw Error(Exit::bad_data,
                concat(path, " holds no member that can be looked at without a recipe (",
                       enumerate(found), "). Name a recipe whose fields say how it is read."));
  }
  return {{"shards", {{"train", {entry}}}}, {"fields", fields}};
}

}  // namespace

Recipe recipe_or_data(const Options& options) {
  const std::string& path = options.operands[1];
  if (!is_data(path)) return read_recipe(path, options.overrides);
  for (const char* name : {"set", "data", "split", "training"}) {
    if (std::ranges::find(options.given, name) == options.given.end()) continue;
    throw Error(Exit::usage,
                concat("weft data: --", name, " goes with a recipe, and ", path, " is data."));
  }
  const bool is_shown = options.operands[0] == "show" || options.operands[0] == "bench";
  Recipe recipe;
  recipe.path = recipe.name = path;
  recipe.data.push_back({k_section, section_of(path, is_shown).dump(), {}});
  recipe.stages.emplace_back();
  recipe.stages.front().data = k_section;
  recipe.stages.front().batch_size = 32;
  return recipe;
}

}  // namespace weft::host
