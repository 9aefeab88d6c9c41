// SPDX-License-Identifier: Apache-2.0
#include "host/data/example.hpp"

#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Deeper JSON is refused: copying and writing it would recurse until the stack is full.
constexpr int k_deepest = 64;

/// The sample's KEY.json, or an empty object.
Json sample_json(const Shard& shard, std::size_t sample) {
  const auto& members = shard.samples[sample].members;
  const auto found = members.find("json");
  if (found == members.end()) return Json::object();
  const Bytes bytes = found->second.read();
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) -> bool {
    if (depth > k_deepest) throw std::length_error(concat("deeper than ", k_deepest, " levels"));
    return true;
  };
  std::string reason = "it is not an object";
  try {
    Json json = Json::parse(text_of(bytes), is_shallow);
    if (json.is_object()) return json;
  } catch (const std::exception& problem) {
    reason = problem.what();
  }
  throw Error(Exit::bad_data, concat(shard.place(sample), ": the member json is not usable (",
                                     reason, "). Make the shard anew."));
}

std::string as_text(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> text_at(const Json& json, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place)) return std::nullopt;
  return as_text(json.at(place));
}

/// Without the spaces and line ends around it.
std::string trimmed(std::string_view text) {
  const char* const blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

/// All pointers and members whose text somebody wants.
std::set<std::string> wanted_sources(const DataOptions& options) {
  std::set<std::string> sources;
  for (const FieldOptions& field : options.fields) {
    const bool is_media = std::holds_alternative<ImageOptions>(field.kind) ||
                          std::holds_alternative<RecordingOptions>(field.kind);
    if (!is_media) sources.insert(field.source.text);
    if (field.exchange) sources.insert({field.exchange->mine, field.exchange->theirs});
  }
  for (const auto& [pointer, accepted] : options.where) sources.insert(pointer);
  if (options.tokenizer) {
    for (const Source& source : options.tokenizer->texts) sources.insert(source.text);
  }
  return sources;
}

std::map<std::string, std::string> values_of(const Json& json, const Sample& sample,
                                             const std::set<std::string>& sources) {
  std::map<std::string, std::string> values;
  for (const std::string& source : sources) {
    if (Source{source}.is_pointer()) {
      if (auto text = text_at(json, source)) values[source] = std::move(*text);
    } else if (const auto member = sample.members.find(source); member != sample.members.end()) {
      values[source] = trimmed(text_of(member->second.read()));
    }
  }
  return values;
}

/// The sample's JSON itself, or one object per entry of the list at `each`: the sample's keys
/// without the list, and the entry's keys over them.
std::vector<Json> entries_of(Json json, const std::string& each, const std::string& place) {
  if (each.empty()) return {std::move(json)};
  const Json::json_pointer pointer(each);
  if (!json.contains(pointer) || !json.at(pointer).is_array()) {
    throw Error(Exit::bad_data, concat(place, ": there is no list at ", each,
                                       ". Correct data/each, or make the shard anew."));
  }
  const Json list = json.at(pointer);
  json[pointer.parent_pointer()].erase(pointer.back());
  std::vector<Json> entries;
  for (const Json& entry : list) {
    if (!entry.is_object()) {
      throw Error(Exit::bad_data,
                  concat(place, ": the list at ", each, " holds something else than objects."));
    }
    entries.push_back(json);
    entries.back().update(entry);
  }
  return entries;
}

}  // namespace

std::vector<Example> list_examples(const Shards& shards, const DataOptions& options) {
  const std::set<std::string> sources = wanted_sources(options);
  std::vector<Example> examples;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const Shard& shard = *shards[s];
    for (std::size_t i = 0; i < shard.samples.size(); ++i) {
      const std::vector<Json> entries =
          entries_of(sample_json(shard, i), options.each, shard.place(i));
      for (std::size_t e = 0; e < entries.size(); ++e) {
        const std::string suffix = options.each.empty() ? "" : concat('#', e);
        examples.push_back({s, i, shard.samples[i].key + suffix, shard.place(i) + suffix,
                            entries[e].dump(-1, ' ', false, Json::error_handler_t::replace),
                            values_of(entries[e], shard.samples[i], sources)});
      }
    }
  }
  return examples;
}

void keep_where(std::vector<Example>& examples, const DataOptions& options) {
  std::erase_if(examples, [&](const Example& example) {
    for (const auto& [pointer, accepted] : options.where) {
      const auto value = example.values.find(pointer);
      if (value == example.values.end() || !accepted.contains(value->second)) return true;
    }
    return false;
  });
}

std::optional<std::string> value_at(const std::string& json, const std::string& pointer) {
  try {
    return text_at(Json::parse(json), pointer);
  } catch (const Json::exception&) {
    return std::nullopt;  // A pointer that is none has no value either.
  }
}

const std::string& required_value(const Example& example, const std::string& source,
                                  const std::string& asked_by) {
  const auto value = example.values.find(source);
  if (value != example.values.end()) return value->second;
  const bool is_pointer = Source{source}.is_pointer();
  throw Error(Exit::bad_data,
              concat(example.place, ": there is no ", is_pointer ? "value at " : "member ", source,
                     ", which ", asked_by, " needs. Correct the recipe, or make the shard anew."));
}

}  // namespace weft::host
