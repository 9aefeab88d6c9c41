// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/example.hpp"

#include <xxhash.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/storage/plain_text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_deepest = 64;
/// As a tree it takes some 25 times that.
constexpr std::size_t k_largest_json = std::size_t{16} << 20;

/// The sample's KEY.json, or an empty object.
Json sample_json(const Shard& shard, std::size_t sample) {
  if (!shard.has(sample, "json")) return Json::object();
  const Bytes bytes = shard.read(sample, "json");
  std::string reason = "it is not an object";
  try {
    if (bytes.size() > k_largest_json) throw std::length_error("it has more than 16 MiB");
    Json json = parse_sample_json(without_mark(text_of(bytes)));
    if (json.is_object()) return json;
  } catch (const std::exception& problem) {
    reason = problem.what();
    if (reason.starts_with("is ")) reason = "it " + reason;
  }
  throw Error(Exit::bad_data, concat(shard.place(sample), ": the member json is not usable (",
                                     reason, "). Correct the data."));
}

/// A sample's JSON with the list at `each` taken out of it.
struct ListedJson {
  Json list, rest;
};

ListedJson listed_json(const Shard& shard, std::size_t sample, const std::string& each);

/// Of the samples that were read last, what their JSON holds: the rows that their entries make
/// would otherwise parse it once for each of them.
class ListedSamples {
 public:
  std::shared_ptr<const ListedJson> find(const Shard& shard, std::size_t sample,
                                         const std::string& each) {
    if (!shard.has(sample, "json")) return make(shard, sample, each);
    const Bytes bytes = shard.read(sample, "json");
    const Key key{XXH3_128bits(bytes.data(), bytes.size()), each, bytes.size()};
    {
      const std::lock_guard lock(mutex_);
      for (auto known = samples_.begin(); known != samples_.end(); ++known) {
        if (!(known->first == key)) continue;
        samples_.splice(samples_.begin(), samples_, known);
        return known->second;
      }
    }
    std::shared_ptr<const ListedJson> made = make(shard, sample, each);
    const std::lock_guard lock(mutex_);
    samples_.emplace_front(key, made);
    held_ += key.size;
    while (samples_.size() > 1 && held_ > k_room) {
      held_ -= samples_.back().first.size;
      samples_.pop_back();
    }
    return made;
  }

 private:
  /// In bytes of JSON; the last sample is kept however large it is.
  static constexpr std::size_t k_room = std::size_t{1} << 20;

  struct Key {
    XXH128_hash_t bytes;
    std::string each;
    std::size_t size;

    bool operator==(const Key& other) const {
      return XXH128_isEqual(bytes, other.bytes) != 0 && each == other.each && size == other.size;
    }
  };

  static std::shared_ptr<const ListedJson> make(const Shard& shard, std::size_t sample,
                                                const std::string& each) {
    return std::make_shared<const ListedJson>(listed_json(shard, sample, each));
  }

  std::mutex mutex_;
  std::list<std::pair<Key, std::shared_ptr<const ListedJson>>> samples_;  ///< the latest first
  std::size_t held_ = 0;
};

/// What a text is, in a member or in JSON: without a mark before it and a line end behind it.
std::string plain(std::string_view text) {
  return std::string(without_line_end(without_mark(text)));
}

std::string as_text(const Json& value) {
  return value.is_string() ? plain(value.get_ref<const std::string&>())
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// An example's JSON: its own, and what holds for the keys that it lacks: the rest of its sample's
/// where it is an entry of a list. The two are not merged, since a list may have a million entries.
struct ExampleJson {
  const Json& own;
  const Json& rest;

  std::optional<std::string> text_at(const std::string& pointer) const {
    const std::size_t second = std::min(pointer.find('/', 1), pointer.size());
    const std::string key = Json::json_pointer(pointer.substr(0, second)).back();
    const Json& json = own.contains(key) ? own : rest;
    const Json::json_pointer place(pointer);
    if (!json.contains(place) || json.at(place).is_null()) return std::nullopt;
    return as_text(json.at(place));
  }
};

using Values = std::map<std::string, std::string>;

/// The texts of members, which all entries of a sample share.
Values member_values(const Shard& shard, std::size_t sample, const std::set<std::string>& sources) {
  Values values;
  for (const std::string& source : sources) {
    if (Source{source}.is_pointer() || !shard.has_any(sample, source)) continue;
    const std::string_view member = shard.chosen(sample, source);
    const Bytes bytes = shard.read(sample, member);
    try {
      values[source] = plain(text_of(bytes));
    } catch (const std::invalid_argument& problem) {
      throw Error(Exit::bad_data, concat(shard.place(sample), ": the member ", member, " ",
                                         problem.what(), ". Convert it in the data."));
    }
  }
  return values;
}

void add_values(const ExampleJson& json, const std::set<std::string>& sources, Values& values) {
  for (const std::string& source : sources) {
    if (!Source{source}.is_pointer()) continue;
    if (auto text = json.text_at(source)) values[source] = std::move(*text);
  }
}

/// Takes the list at `each` out of a sample's JSON. Where it is an element of another list, the
/// others keep their places.
Json take_list(Json& json, const std::string& each, const std::string& place) {
  const Json::json_pointer pointer(each);
  if (!json.contains(pointer) || !json.at(pointer).is_array()) {
    throw Error(Exit::bad_data,
                concat(place, ": there is no list at ", each, ". Correct explode, or the data."));
  }
  Json list = std::move(json.at(pointer));
  if (!std::ranges::all_of(list, [](const Json& entry) { return entry.is_object(); })) {
    throw Error(Exit::bad_data,
                concat(place, ": the list at ", each, " holds something else than objects."));
  }
  Json& parent = json.at(pointer.parent_pointer());
  if (parent.is_array()) {
    json.at(pointer) = nullptr;
  } else {
    parent.erase(pointer.back());
  }
  return list;
}

ListedJson listed_json(const Shard& shard, std::size_t sample, const std::string& each) {
  ListedJson json{{}, sample_json(shard, sample)};
  json.list = take_list(json.rest, each, shard.place(sample));
  return json;
}

/// KEY and the place of an example, without values.
Example bare_example(const Shard& shard, const ExampleRef& ref, const DataOptions& options) {
  const std::string suffix = options.each.empty() ? "" : concat('#', ref.entry);
  return {
      example_key(shard, ref, options), shard.place(ref.sample) + suffix, &shard, ref.sample, {}};
}

bool is_pointer_wanted(const DataOptions& options, const std::set<std::string>& sources) {
  return !options.each.empty() || std::ranges::any_of(sources, [](const std::string& source) {
    return Source{source}.is_pointer();
  });
}

bool is_kept(const Example& example, const DataOptions& options) {
  return std::ranges::all_of(options.where, [&](const auto& condition) {
    const auto value = example.values.find(condition.first);
    return value != example.values.end() && condition.second.contains(value->second);
  });
}

}  // namespace

Json parse_sample_json(std::string_view text) {
  return parse_strictly(text, {k_deepest, 0, /*whole_as_integers=*/true});
}

std::string example_key(const Shard& shard, const ExampleRef& ref, const DataOptions& options) {
  std::string key(shard.key(ref.sample));
  return options.each.empty() ? key : concat(key, '#', ref.entry);
}

void for_each_example(const Shard& shard, std::size_t sample, const DataOptions& options,
                      const std::set<std::string>& sources,
                      const std::function<void(std::uint32_t, const Example&, bool)>& call) {
  Json json = is_pointer_wanted(options, sources) ? sample_json(shard, sample) : Json::object();
  Json list = options.each.empty() ? Json::array({Json::object()})
                                   : take_list(json, options.each, shard.place(sample));
  const Values shared = member_values(shard, sample, sources);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto entry = static_cast<std::uint32_t>(i);
    Example example = bare_example(shard, {0, static_cast<std::uint32_t>(sample), entry}, options);
    example.values = shared;
    add_values({list[i], json}, sources, example.values);
    call(entry, example, is_kept(example, options));
  }
}

Example read_example(const Shard& shard, const ExampleRef& ref, const DataOptions& options,
                     const std::set<std::string>& sources) {
  Example example = bare_example(shard, ref, options);
  if (sources.empty()) return example;
  example.values = member_values(shard, ref.sample, sources);
  if (!options.each.empty()) {
    static ListedSamples latest;
    const auto json = latest.find(shard, ref.sample, options.each);
    add_values({json->list.at(ref.entry), json->rest}, sources, example.values);
  } else if (is_pointer_wanted(options, sources)) {
    add_values({Json::object(), sample_json(shard, ref.sample)}, sources, example.values);
  }
  return example;
}

std::set<std::string> row_sources(const DataOptions& options) {
  std::set<std::string> sources;
  for (const FieldOptions& field : options.fields) {
    for (std::string& source : field.text_sources()) sources.insert(std::move(source));
    const auto* text = std::get_if<TextOptions>(&field.kind);
    if (text != nullptr && text->shots.count > 0) sources.insert(text->shots.group_by);
  }
  sources.erase("");  // of shots of any group
  return sources;
}

std::set<std::string> listing_sources(const DataOptions& options, Split split) {
  std::set<std::string> sources;
  for (const auto& [pointer, accepted] : options.where) sources.insert(pointer);
  if (options.split && !options.split->by.empty()) sources.insert(options.split->by);
  if (split != Split::train) return sources;
  for (const FieldOptions& field : options.fields) {
    if (field.exchange) sources.insert({field.exchange->mine, field.exchange->theirs});
  }
  if (options.tokenizer) {
    for (const Source& source : options.tokenizer->texts) sources.insert(source.text);
  }
  return sources;
}

bool has_texts(const Example& example, const FieldOptions& field) {
  return std::ranges::all_of(field.text_sources(), [&](const std::string& source) {
    return example.values.contains(source);
  });
}

std::string field_text(const Example& example, const FieldOptions& field) {
  const std::string asked_by = concat("field ", field.name);
  const FieldKind* const own = field.own_kind();
  if (own == nullptr || own->pointers().empty()) {
    return required_value(example, field.source.text, asked_by);
  }
  Json list = Json::array();
  for (const std::string& source : own->pointers()) {
    list.push_back(required_value(example, source, asked_by));
  }
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const std::string& required_value(const Example& example, const std::string& source,
                                  const std::string& asked_by) {
  const auto value = example.values.find(source);
  if (value != example.values.end()) return value->second;
  const Shard& shard = *example.shard;
  const bool is_pointer = Source{source}.is_pointer();
  const std::string member = is_pointer ? "json" : source;
  if (is_pointer && shard.has(example.sample, "json")) {
    throw Error(Exit::bad_data, concat(example.place, ": there is no value at ", source, ", which ",
                                       asked_by, " needs. Correct the recipe, or the data."));
  }
  throw Error(
      Exit::bad_data,
      concat(example.place, ": there is no member ", member,
             is_pointer ? concat(" with a value at ", source) : "", ", which ", asked_by,
             " needs; it has ", enumerate(shard.members(example.sample)), ".",
             shard.other_case(example.sample, member), " Correct the recipe, or the data."));
}

}  // namespace weft::host
