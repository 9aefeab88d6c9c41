// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/kinds.hpp"
#include "host/data/fields/mask_options.hpp"
#include "host/data/section/feature_key.hpp"
#include "host/data/section/section.hpp"
#include "host/data/storage/shard_names.hpp"

namespace weft::host {
namespace {

Source field_source(const Section& section, const char* default_member) {
  if (section.at("pointer").is_array() && !section.at("pointer").empty()) {
    std::vector<std::string> pointers = section.words("pointer");
    for (const std::string& one : pointers) section.pointer("pointer", one);
    return {pointers.front()};
  }
  if (section.has("pointer")) return {section.pointer("pointer", section.word("pointer", ""))};
  return {section.members("member", section.word("member", default_member))};
}

std::optional<Exchange> exchange(const Section& section) {
  if (!section.has("swap_within")) return std::nullopt;
  if (section.at("swap_within").is_string()) {
    const std::string both = section.pointer("swap_within", section.word("swap_within", ""));
    return Exchange{both, both};
  }
  if (!section.at("swap_within").is_object()) {
    section.refuse("swap_within", "a JSON pointer such as /question, or an object");
    return std::nullopt;
  }
  const Section pair = section.inner("swap_within");
  return Exchange{pair.pointer("key", pair.word("key", "")),
                  pair.pointer("other_key", pair.word("other_key", ""))};
}

FieldOptions field(const std::string& name, const Json& json) {
  const Section section(json, concat("data field ", name), "/fields/" + name);
  FieldOptions field;
  field.name = name;
  field.exchange = exchange(section);  // first: where its kind cannot go on, this is told too
  const std::string kind = section.word("kind", "");
  if (kind == "image") {
    field.kind = image_options(section);
    field.source = field_source(section, "png");
  } else if (kind == "log_mel") {
    field.kind = recording_options(section);
    field.source = field_source(section, "wav");
    field.mask = name + "_mask";
  } else if (kind == "video") {
    field.kind = video_options(section);
    field.source = field_source(section, "mp4");
    field.mask = name + "_mask";
  } else if (kind == "text") {
    field.kind = text_options(section);
    field.source = field_source(section, "txt");
    field.mask = name + "_mask";
  } else if (kind == "class") {
    field.kind = class_options(section);
    field.source = field_source(section, "cls");
  } else if (kind == "document") {
    field.kind = document_options(section);
    if (section.has("pointer"))
      field.source = {section.pointer("pointer", section.word("pointer", ""))};
    field.mask = name + "_mask";
  } else if (const KindEntry* entry = find_kind(kind)) {
    field.source = field_source(section, entry->default_member);
    field.kind = entry->read(section, field.source);
    field.mask = specs_of(field, /*vocabulary=*/0).front().mask;
  } else {
    section.fail("kind", "image, log_mel, video, text, class, document, " + kind_names());
  }
  section.require_sound();
  const bool takes_several = field.own_kind() != nullptr && !field.own_kind()->pointers().empty();
  if (section.at("pointer").is_array() && !takes_several)
    section.refuse("pointer", "one JSON pointer such as /question; a list is for the kind number");
  if (field.is_media() && field.source.is_pointer()) section.refuse("pointer", "a member instead");
  if (!field.is_media() && section.has("swap_within"))
    section.refuse("swap_within", "it on media fields only");
  read_mask_options(section, field);
  field.feature_key = feature_key(json, field.source);
  section.require_sound();
  if (field.own_kind() != nullptr) field.feature_key += field.own_kind()->decoding();
  return field;
}

/// All of them are read before any is refused.
std::vector<FieldOptions> fields(const Section& section) {
  std::vector<FieldOptions> fields;
  for (const auto& [name, value] : section.at("fields").items()) {
    try {
      fields.push_back(field(name, value));
    } catch (const SectionError& error) {
      section.note(error.problems());
    }
  }
  return fields;
}

/// What is wrong with a field beside others.
SectionProblem problem(const std::string& field, const std::string& key, std::string text) {
  const std::string below = key.empty() ? "" : "/" + key;
  return {concat("data field ", field, below), concat("/fields/", field, below), std::move(text)};
}

/// A field that follows an image must be able to.
std::optional<SectionProblem> misfollowed(const FieldOptions& field,
                                          const std::vector<FieldOptions>& fields) {
  if (field.own_kind() == nullptr || field.own_kind()->image().empty()) return std::nullopt;
  const std::string name = field.own_kind()->image();
  const auto found = std::ranges::find(fields, name, &FieldOptions::name);
  const auto* image = found == fields.end() ? nullptr : std::get_if<ImageOptions>(&found->kind);
  const auto wrong = [&](const std::string& what) {
    return problem(field.name, "image", concat("\"", name, "\" ", what));
  };
  if (image == nullptr)
    return wrong("is no image field of the section. Name one, or leave image out.");
  if (found->exchange)
    return wrong("has swap_within, so its picture may be another's. Leave one of them out.");
  if (image->rand_augment.operations > 0 || image->shift > 0 || image->rotate > 0 ||
      image->scale > 0)
    return wrong(
        "has rand_augment, translate, rotate or zoom, which are not followed. Leave them out; crop "
        "and flips are followed.");
  return std::nullopt;
}

/// What is wrong between the fields, all of it.
void check_fields(const Section& section, const DataOptions& options) {
  std::vector<SectionProblem> wrong;
  if (const FieldOptions* packed = options.packed(); packed && options.fields.size() > 1) {
    wrong.push_back(problem(packed->name, "",
                            "a row of packed documents holds several examples, and the section has "
                            "other fields, which hold one. Put these into a section of their own, "
                            "or leave pack out."));
  }
  std::set<std::string> names;
  for (const FieldOptions& field : options.fields) {
    if (auto one = misfollowed(field, options.fields)) wrong.push_back(std::move(*one));
    if (field.has_tokens() && !options.tokenizer) {
      wrong.push_back(problem(field.name, "",
                              "a text needs a tokenizer. Add \"tokenizer\" to the data section."));
    }
    for (const FieldSpec& spec : specs_of(field, /*vocabulary=*/0)) {
      if (!names.insert(spec.name).second) {
        wrong.push_back(problem(spec.name, "",
                                "the name is given twice; texts and recordings also make "
                                "NAME_mask. Rename one of the two fields."));
      }
    }
  }
  section.note(wrong);
}

std::vector<BlendOptions> blend(const Section& section) {
  std::vector<BlendOptions> blend;
  if (!section.has("blend")) return blend;
  if (!section.at("blend").is_array() || section.at("blend").size() < 2) {
    section.fail("blend", "a list of at least two sources");
  }
  if (section.has("shards") && section.inner("shards").has("train")) {
    section.refuse("blend", "shards/train left out beside it");
  }
  while (blend.size() < section.at("blend").size()) {
    const Section one = section.element("blend", blend.size());
    blend.push_back({one.words("shards"), one.number("weight", 1, 1e-9, k_large)});
    if (blend.back().shards.empty()) one.refuse("shards", "at least one path");
  }
  return blend;
}

/// Held out of shards/train, which must be a plain list then.
std::optional<SplitOptions> split(const Section& section, const DataOptions& options) {
  if (!section.has("split")) return std::nullopt;
  const Section split = section.inner("split");
  constexpr int k_largest_seed = 2'147'483'647;
  SplitOptions held_out{split.number("val", 0, 0, 1), split.number("test", 0, 0, 1),
                        static_cast<std::uint64_t>(split.integer("seed", 0, 0, k_largest_seed)),
                        ""};
  if (held_out.val + held_out.test <= 0) split.refuse("val", "a share above 0 in val or test");
  if (held_out.val + held_out.test >= 1) split.refuse("val", "val and test to be below 1 together");
  if (split.has("by")) held_out.by = split.pointer("by", split.word("by", ""));
  if (!options.blend.empty()) section.refuse("split", "shards/train instead of a blend beside it");
  for (const Split part : {Split::val, Split::test}) {
    if (held_out.makes(part) && !options.shards[static_cast<std::size_t>(part)].empty()) {
      split.refuse(split_name(part), concat("no shards/", split_name(part), " beside it"));
    }
  }
  return held_out;
}

OrderOptions order(const Section& section) {
  if (section.at("order").is_object()) {
    const Section order = section.inner("order");
    return {true,
            static_cast<std::uint64_t>(order.integer("buffer", std::nullopt, 2, 1'000'000'000))};
  }
  const std::string order = section.word("order", "shuffle");
  if (order != "shuffle" && order != "sequence") {
    section.refuse("order", "shuffle, sequence or {\"buffer\": examples}");
  }
  return {order == "shuffle", 0};
}

std::optional<double> bad_share(const Section& section) {
  if (section.at("on_bad_sample").is_object()) {
    return section.inner("on_bad_sample").number("skip", 0, 0, 1);
  }
  if (section.word("on_bad_sample", "fail") != "fail") {
    section.refuse("on_bad_sample", "fail or {\"skip\": share}");
  }
  return std::nullopt;
}

LoadingOptions loading(const Section& section) {
  constexpr int k_default_cache = 256;  // MiB
  static const Json nothing = Json::object();
  const Section loading =
      section.has("loading") ? section.inner("loading") : Section(nothing, "data", "");
  return {loading.integer("workers", 0, 0, 1024), loading.integer("prefetch", 4, 1, 1024),
          static_cast<std::size_t>(loading.integer("cache", k_default_cache, 0, 1 << 24)) << 20};
}

/// What needs all samples before the first is used cannot be had of a stream.
void check_stream(const Section& section, const DataOptions& options) {
  const auto& train = options.shards[static_cast<std::size_t>(Split::train)];
  for (std::size_t i = 0; i < options.blend.size(); ++i) {
    const auto pipe = std::ranges::find_if(options.blend[i].shards, is_pipe);
    if (pipe == options.blend[i].shards.end()) continue;
    const std::string pointer = concat("/blend/", i, "/shards");
    section.note({{"data" + pointer, pointer,
                   concat(*pipe,
                          " is a stream, and a blend draws from all samples of its sources. "
                          "Name it in shards/train, or name files.")}});
  }
  if (!options.is_streamed && !std::ranges::any_of(train, is_pipe)) return;
  if (!options.blend.empty()) section.refuse("blend", "shards/train instead, with a stream");
  if (options.split)
    section.refuse("split", "shards/val instead, because shards/train is a stream");
  if (options.order.is_shuffled && options.order.buffer == 0) {
    section.refuse("order", "sequence or {\"buffer\": examples}, because shards/train is a stream");
  }
  if (options.tokenizer && options.tokenizer->file.empty())
    section.refuse("tokenizer", "none to train, because shards/train is a stream");
  for (const FieldOptions& field : options.fields) {
    const auto* text = std::get_if<TextOptions>(&field.kind);
    const bool has_shots = text != nullptr && text->shots.count > 0;
    if (!field.exchange && !field.visual_tokens && !has_shots) continue;
    const char* const key = has_shots ? "shots" : field.exchange ? "swap_within" : "visual_tokens";
    section.note({problem(field.name, key,
                          "it needs all samples, and shards/train is a stream. Leave one of the "
                          "two out.")});
  }
}

std::map<std::string, std::set<std::string>> accepted_values(const Section& section) {
  std::map<std::string, std::set<std::string>> accepted;
  if (!section.has("filter")) return accepted;
  const Section filter = section.inner("filter");
  for (const auto& [key, unused] : section.at("filter").items()) {
    std::set<std::string>& texts = accepted[section.pointer("filter", key)];
    for (const std::string& text : filter.words(key.c_str()))
      texts.insert({text, plain_number(text)});
  }
  return accepted;
}

/// The section as JSON without paths and what does not change batches.
std::string identity_of(const Section& section, const DataOptions& options) {
  Json identity = section.json();
  for (const char* key : {"shards", "loading", "on_bad_sample"}) identity.erase(key);
  if (section.has("blend")) {
    for (Json& source : identity.at("blend")) source.erase("shards");
  }
  if (options.tokenizer && !options.tokenizer->file.empty()) {
    identity.erase("tokenizer");  // the file's content counts instead
  } else if (options.tokenizer) {
    identity["tokenizer"]["type"] = options.tokenizer->training.type;
  }
  return identity.dump();
}

DataOptions parse(const Json& json) {
  const Section section(json, "data", "");
  DataOptions options;
  if (section.has("shards")) {
    const Section shards = section.inner("shards");
    for (const Split split : k_splits) {
      options.shards[static_cast<std::size_t>(split)] = shards.words(split_name(split));
    }
  }
  options.blend = blend(section);
  options.split = split(section, options);
  if (section.has("explode"))
    options.each = section.pointer("explode", section.word("explode", ""));
  options.where = accepted_values(section);
  if (section.has("tokenizer")) options.tokenizer = tokenizer_options(section.inner("tokenizer"));
  options.fields = fields(section);
  options.order = order(section);
  options.is_streamed = section.flag("stream");
  options.bad_share = bad_share(section);
  options.loading = loading(section);
  section.require_sound();
  // What follows from several keys together.
  if (section.has("joint_mask"))
    options.joint_masking = joint_masking(section.inner("joint_mask"), options.fields);
  check_fields(section, options);
  check_stream(section, options);
  section.require_sound();
  options.identity = identity_of(section, options);
  return options;
}

}  // namespace

const FieldKind* FieldOptions::own_kind() const {
  const auto* own = std::get_if<std::shared_ptr<const FieldKind>>(&kind);
  return own != nullptr ? own->get() : nullptr;
}

bool FieldOptions::is_media() const {
  return std::holds_alternative<ImageOptions>(kind) ||
         std::holds_alternative<RecordingOptions>(kind) ||
         std::holds_alternative<VideoOptions>(kind) ||
         (own_kind() != nullptr && own_kind()->reads_bytes());
}

std::vector<std::string> FieldOptions::text_sources() const {
  if (is_media()) return {};
  if (own_kind() != nullptr && !own_kind()->pointers().empty()) return own_kind()->pointers();
  const auto* document = std::get_if<DocumentOptions>(&kind);
  if (document == nullptr || document->parts.empty()) return {source.text};
  std::vector<std::string> sources;
  for (const DocumentPart& part : document->parts) {
    if (part.kind == DocumentPart::Kind::text) sources.push_back(part.value);
  }
  return sources;
}

const FieldOptions* DataOptions::packed() const {
  for (const FieldOptions& field : fields) {
    const auto* document = std::get_if<DocumentOptions>(&field.kind);
    if (document != nullptr && document->is_packed) return &field;
  }
  return nullptr;
}

Split SplitOptions::of(std::string_view group) const {
  const auto drawn = static_cast<double>(RandomSequence({seed, stable_hash(group)}).unit());
  return drawn < val ? Split::val : drawn < val + test ? Split::test : Split::train;
}

int LoadingOptions::threads() const {
  if (workers > 0) return workers;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

const char* split_name(Split split) {
  switch (split) {
    case Split::train: return "train";
    case Split::val: return "val";
    case Split::test: return "test";
  }
  return "?";
}

DataOptions parse_data_options(const std::string& data_json) {
  try {
    return parse(Json::parse(data_json));
  } catch (const Json::exception& problem) {
    throw Error(Exit::bad_recipe,
                concat("data: the section is not usable JSON (", problem.what(), ")."));
  }
}

}  // namespace weft::host
