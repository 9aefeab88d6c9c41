// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/given.hpp"

#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/dataset/shots.hpp"
#include "host/data/fields/field_kind.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// A list of numbers becomes the values that the field puts together.
void put_list(const FieldOptions& field, const std::string& text, Json& json) {
  const std::vector<std::string> pointers = field.text_sources();
  const Json list = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array() || list.size() != pointers.size()) {
    throw Error(Exit::usage, concat("field ", field.name, ": expected a list of ", pointers.size(),
                                    " numbers such as [1, 2.5], found ", shown(text), "."));
  }
  for (std::size_t i = 0; i < pointers.size(); ++i) json[Json::json_pointer(pointers[i])] = list[i];
}

/// A field that is read from bytes becomes a member.
void add_file(const FieldOptions& field, const GivenExample& example, std::size_t sample,
              Shard& shard) {
  const std::string member(member_names(field.source.text).front());
  shard.add_member(sample, member, example.fields.at(field.name));
  const auto file = example.files.find(field.name);
  if (file != example.files.end()) shard.set_origin(sample, member, file->second);
}

/// The examples as samples that are kept in memory.
std::shared_ptr<const Shard> shard_of(const DataOptions& options,
                                      const std::vector<GivenExample>& examples) {
  auto shard = std::make_shared<Shard>();
  shard->name = "the input";
  for (const GivenExample& example : examples) {
    const std::size_t sample = shard->add_sample(example.key);
    Json json;
    for (const FieldOptions& field : options.fields) {
      const auto value = example.fields.find(field.name);
      if (value == example.fields.end()) continue;
      if (field.own_kind() != nullptr && !field.own_kind()->pointers().empty())
        put_list(field, value->second, json);
      else if (field.source.is_pointer())
        json[Json::json_pointer(field.source.text)] = value->second;
      else
        add_file(field, example, sample, *shard);
    }
    if (!json.is_null()) shard->add_member(sample, "json", json.dump());
  }
  shard->fingerprint = k_given;
  return shard;
}

}  // namespace

std::string section_to_predict(const std::string& data_json, const std::set<std::string>& fields,
                               const PredictedShards& shards) {
  Json section = Json::parse(data_json);
  for (const char* key : {"blend", "stream", "order", "joint_mask"}) section.erase(key);
  if (!shards.are_split) section.erase("split");
  if (!shards.are_listed)
    for (const char* key : {"explode", "filter", "on_bad_sample"}) section.erase(key);
  section["shards"] = Json::object();
  if (!shards.paths.empty()) section["shards"][shards.are_split ? "train" : "test"] = shards.paths;
  Json kept = Json::object();
  for (const auto& [name, field] : section.at("fields").items()) {
    if (!fields.contains(name)) continue;
    kept[name] = field;
    for (const char* key : {"swap_within", "visual_tokens"}) kept[name].erase(key);
  }
  section["fields"] = kept;
  return section.dump();
}

std::string section_of_shots(const std::string& data_json, const std::set<std::string>& fields) {
  if (!shows_examples(parse_data_options(section_to_predict(data_json, fields, {})))) return "";
  Json section = Json::parse(data_json);
  section.erase("joint_mask");
  if (section.contains("shards"))
    for (const char* key : {"val", "test"}) section["shards"].erase(key);
  Json shown = Json::object();
  for (const auto& [name, field] : section.at("fields").items())
    if (fields.contains(name) && field.contains("shots")) shown[name] = field;
  section["fields"] = shown;
  return section.dump();
}

ShardLook look_at_shard(const std::string& data_json, const std::set<std::string>& fields,
                        const std::string& path) {
  const DataOptions section = parse_data_options(data_json);
  const Shard shard = read_shard(path);
  ShardLook look;
  if (!section.each.empty() && shard.has(0, "json")) {
    const Bytes bytes = shard.read(0, "json");
    const Json json = Json::parse(text_of(bytes), nullptr, /*allow_exceptions=*/false);
    const Json::json_pointer each(section.each);
    look.is_listed = json.is_structured() && json.contains(each) && json.at(each).is_array();
  }
  const DataOptions options =
      parse_data_options(section_to_predict(data_json, fields, {{}, look.is_listed, false}));
  const Example example = read_example(shard, {}, options, row_sources(options));
  for (const FieldOptions& field : options.fields)
    if (field.is_media() ? shard.has_any(0, field.source.text) : has_texts(example, field))
      look.fields.insert(field.name);
  return look;
}

Batch given_batch(const Dataset& data, const std::vector<GivenExample>& examples) {
  const Dataset::Content& content = data.content();
  auto part = std::make_shared<SplitContent>();
  part->split = Split::test;
  part->shards = {shard_of(content.options, examples)};
  part->pools.resize(content.options.fields.size());
  for (std::size_t i = 0; i < examples.size(); ++i)
    part->examples.push_back({0, static_cast<std::uint32_t>(i), 0});
  Batch batch = empty_batch(content, examples.size());
  Draw draw;
  draw.run = part;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    draw.example = i;
    try {
      fill_row(content, Split::test, draw, batch, i);
    } catch (const Undecodable& fault) {  // there is no shard to be made anew
      throw fault.with_remedy("Give another file.");
    }
  }
  return batch;
}

}  // namespace weft::host
