// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/content.hpp"
#include "host/data/example.hpp"
#include "host/data/feature.hpp"
#include "host/data/fingerprint.hpp"
#include "host/data/parallel.hpp"
#include "host/data/source.hpp"

namespace weft::host {
namespace {

/// @param place  the pointer of the entries in the recipe
Shards open_shards(const std::vector<std::string>& entries, const std::string& place,
                   const std::string& cache_folder, FeatureCache& cache) {
  Shards shards;
  for (const std::string& path : shard_files(entries, place)) {
    shards.push_back(cache.shard(path, cache_folder));
  }
  return shards;
}

/// Trained on the training part before `where`, so that sections which differ in their filter
/// alone share one vocabulary.
void train_tokenizer(const std::vector<Example>& examples, const std::string& cache_folder,
                     Dataset::Content& content) {
  const TokenizerOptions& options = *content.options.tokenizer;
  std::vector<std::string> texts;
  for (const Example& example : examples) {
    for (const Source& source : options.texts) {
      const auto value = example.values.find(source.text);
      if (value != example.values.end() && !value->second.empty()) texts.push_back(value->second);
    }
  }
  Fingerprint fingerprint;
  fingerprint.add(concat(options.type, ' ', options.vocabulary));
  for (const std::string& text : texts) fingerprint.add(text);
  const std::string file = concat("tokenizer-", fingerprint.hex().substr(0, 16), ".model");
  content.tokenizer_path = (std::filesystem::path(cache_folder) / file).string();
  content.tokenizer =
      Tokenizer::train(content.tokenizer_path, options.type, options.vocabulary, texts);
  content.masking = content.tokenizer->masking();
}

/// The ids of one text, cut to what fits into the field and counted.
std::vector<std::int32_t> encode(const std::string& text, const TextOptions& options,
                                 const Tokenizer& tokenizer, Truncation& truncation) {
  std::vector<std::int32_t> ids = tokenizer.encode(text);
  const auto room = static_cast<std::size_t>(options.length - options.begin - options.end);
  truncation.add(std::ssize(ids));
  if (ids.size() > room) ids.resize(room);
  if (options.begin) ids.insert(ids.begin(), static_cast<std::int32_t>(k_begin));
  if (options.end) ids.push_back(static_cast<std::int32_t>(k_end));
  return ids;
}

std::int64_t class_index(const Example& example, const FieldOptions& field,
                         const std::vector<std::string>& classes) {
  const std::string& value =
      required_value(example, field.source.text, concat("field ", field.name));
  const auto found = std::find(classes.begin(), classes.end(), value);
  if (found != classes.end()) return found - classes.begin();
  throw Error(Exit::bad_data,
              concat(example.place, ": ", field.source.text, " is \"", value,
                     "\", which is no class of field ", field.name, ".", suggestion(value, classes),
                     " Add it to the field's classes, or leave the example out with where."));
}

/// Whether an optional field has no value in the example; notes it in the column.
bool is_absent(const Example& example, const FieldOptions& field, Column& column) {
  if (!field.is_optional) return false;
  column.present.push_back(example.values.contains(field.source.text));
  return !column.present.back();
}

void fill_text(const std::vector<Example>& examples, const FieldOptions& field,
               const Tokenizer& tokenizer, Column& column, Truncation& truncation) {
  const auto& options = std::get<TextOptions>(field.kind);
  truncation.room = options.length - options.begin - options.end;
  for (const Example& example : examples) {
    if (is_absent(example, field, column)) {
      column.ids.emplace_back();
      continue;
    }
    const std::string& text =
        required_value(example, field.source.text, concat("field ", field.name));
    column.ids.push_back(encode(text, options, tokenizer, truncation));
  }
}

/// For every training example the samples that its exchange may draw.
void fill_pools(const std::vector<Example>& examples, const FieldOptions& field,
                const SplitContent& part, Column& column) {
  const std::string asked_by = concat("the exchange of field ", field.name);
  std::map<std::string, std::size_t> pool_by_value;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::string& value = required_value(examples[i], field.exchange->theirs, asked_by);
    const auto [place, is_new] = pool_by_value.try_emplace(value, column.pools.size());
    if (is_new) column.pools.emplace_back();
    std::vector<std::size_t>& pool = column.pools[place->second];
    // The examples of one sample follow each other: a sample is taken once.
    if (pool.empty() || pool.back() != part.sample_of[i]) pool.push_back(part.sample_of[i]);
  }
  for (const Example& example : examples) {
    const std::string& value = required_value(example, field.exchange->mine, asked_by);
    const auto found = pool_by_value.find(value);
    if (found == pool_by_value.end()) {
      throw Error(Exit::bad_data,
                  concat(example.place, ": no training sample has \"", value, "\" at ",
                         field.exchange->theirs, ", which ", asked_by, " needs."));
    }
    column.pool_of.push_back(found->second);
  }
}

/// Numbers the samples in use and decodes each of them for every media field.
void fill_features(const Shards& shards, const std::vector<Example>& examples,
                   const DataOptions& options, FeatureCache& cache, SplitContent& part) {
  std::vector<const Example*> first_of;  // by sample: an example that names it
  for (const Example& example : examples) {
    const bool is_new = first_of.empty() || first_of.back()->shard != example.shard ||
                        first_of.back()->sample != example.sample;
    if (is_new) first_of.push_back(&example);
    part.sample_of.push_back(first_of.size() - 1);
  }
  for (std::size_t f = 0; f < options.fields.size(); ++f) {
    const FieldOptions& field = options.fields[f];
    const bool is_media = std::holds_alternative<ImageOptions>(field.kind) ||
                          std::holds_alternative<RecordingOptions>(field.kind);
    if (!is_media) continue;
    std::vector<Feature>& features = part.columns[f].features;
    features.resize(first_of.size());
    std::vector<bool>& present = part.columns[f].present;
    for (const Example* example : first_of) {
      const auto& members = shards[example->shard]->samples[example->sample].members;
      if (field.is_optional) present.push_back(members.contains(field.source.text));
    }
    for_each_index(first_of.size(), [&](std::size_t i) {
      if (!present.empty() && !present[i]) return;
      features[i] = cache.feature(*shards[first_of[i]->shard], first_of[i]->sample, field);
    });
  }
}

void fill_columns(const std::vector<Example>& examples, Split split, Dataset::Content& content,
                  SplitContent& part) {
  for (std::size_t f = 0; f < content.options.fields.size(); ++f) {
    const FieldOptions& field = content.options.fields[f];
    Column& column = part.columns[f];
    if (std::holds_alternative<TextOptions>(field.kind)) {
      fill_text(examples, field, *content.tokenizer, column, content.truncated[field.name]);
    } else if (const auto* list = std::get_if<ClassOptions>(&field.kind)) {
      for (const Example& example : examples) {
        const bool none = is_absent(example, field, column);
        column.classes.push_back(none ? 0 : class_index(example, field, list->classes));
      }
    } else if (const auto* recording = std::get_if<RecordingOptions>(&field.kind)) {
      Truncation& truncation = content.truncated[field.name];
      truncation.room = recording->frames;
      for (const Feature& feature : column.features) {
        if (feature.values.bytes) truncation.add(feature.frames);
      }
    }
    if (field.exchange && split == Split::train) fill_pools(examples, field, part, column);
  }
}

/// Learns the visual tokens of every field that asks for them, or takes those that were kept.
/// @param shards  fingerprint of the training shards
void learn_visual_tokens(const SplitContent& part, const std::string& shards,
                         const std::string& cache_folder, Dataset::Content& content) {
  for (std::size_t f = 0; f < content.options.fields.size(); ++f) {
    const FieldOptions& field = content.options.fields[f];
    if (!field.visual_tokens) continue;
    std::vector<std::size_t> there;
    for (std::size_t i = 0; !part.columns.empty() && i < part.columns[f].features.size(); ++i) {
      if (part.columns[f].features[i].values.bytes) there.push_back(i);
    }
    const auto& [vocabulary, patch] = *field.visual_tokens;
    const std::string name = concat("visual tokens 1 ", shards, ' ', field.feature_key, ' ',
                                    vocabulary, ' ', patch, ' ', there.size());
    VisualTokens& tokens = content.visual_tokens[field.name];
    if (auto kept = find_kept(cache_folder, name)) {
      tokens = VisualTokens::take(*kept);
      continue;
    }
    const auto picture = [&](std::size_t i) { return part.columns[f].features[there[i]].values; };
    tokens = VisualTokens::learn(there.size(), picture, std::get<ImageOptions>(field.kind),
                                 *field.visual_tokens);
    Record record;
    tokens.put(record);
    keep(cache_folder, name, record);
  }
}

SplitContent make_part(const Shards& shards, std::vector<Example> examples, Split split,
                       FeatureCache& cache, Dataset::Content& content) {
  keep_where(examples, content.options);
  if (examples.empty()) {
    throw Error(Exit::bad_data,
                concat("Data ", content.name, ": the part ", split_name(split),
                       " has no example left", content.options.where.empty() ? "" : " after where",
                       ". Correct each and where, or name other shards."));
  }
  SplitContent part;
  part.columns.resize(content.options.fields.size());
  fill_features(shards, examples, content.options, cache, part);
  fill_columns(examples, split, content, part);
  for (Example& example : examples) {
    part.keys.push_back(std::move(example.key));
    part.places.push_back(std::move(example.place));
    part.jsons.push_back(std::move(example.json));
  }
  return part;
}

}  // namespace

Dataset Dataset::open(const std::string& name, const std::string& data_json,
                      const std::string& cache_folder, FeatureCache* cache) {
  FeatureCache own_cache;
  if (cache == nullptr) cache = &own_cache;
  auto content = std::make_shared<Content>();
  content->name = name;
  content->options = parse_data_options(data_json);
  content->specs = field_specs(data_json);
  Fingerprint fingerprint;
  fingerprint.add(content->options.identity);
  // The training part comes first: the tokenizer is made from it.
  for (const Split split : k_splits) {
    const auto index = static_cast<std::size_t>(split);
    const std::string place = concat("/data/", name, "/shards/", split_name(split));
    const Shards shards = open_shards(content->options.shards[index], place, cache_folder, *cache);
    fingerprint.add(split_name(split));
    for (const auto& shard : shards) fingerprint.add(shard->fingerprint);
    std::vector<Example> examples = list_examples(shards, content->options);
    if (split == Split::train && content->options.tokenizer) {
      train_tokenizer(examples, cache_folder, *content);
    }
    if (!shards.empty()) {
      content->parts[index] = make_part(shards, std::move(examples), split, *cache, *content);
    }
    if (split == Split::train) {
      learn_visual_tokens(content->parts[index], fingerprint.hex(), cache_folder, *content);
    }
  }
  content->fingerprint = fingerprint.hex();
  return Dataset(content);
}

void Truncation::add(std::int64_t length) {
  ++of;
  longest = std::max(longest, length);
  cut += length > room ? 1 : 0;
}

const std::string& Dataset::name() const {
  return content_->name;
}
const std::vector<FieldSpec>& Dataset::fields() const {
  return content_->specs;
}
const std::string& Dataset::fingerprint() const {
  return content_->fingerprint;
}
const std::string& Dataset::tokenizer_path() const {
  return content_->tokenizer_path;
}

std::int64_t Dataset::size(Split split) const {
  return static_cast<std::int64_t>(content_->part(split).size());
}

const std::map<std::string, Truncation>& Dataset::truncated() const {
  return content_->truncated;
}

std::string Dataset::decode_text(const std::string& field,
                                 std::span<const std::int64_t> ids) const {
  const auto found = std::ranges::find(content_->options.fields, field, &FieldOptions::name);
  if (found != content_->options.fields.end()) {
    if (std::holds_alternative<TextOptions>(found->kind)) return content_->tokenizer->decode(ids);
    if (const auto* list = std::get_if<ClassOptions>(&found->kind)) {
      return list->classes.at(static_cast<std::size_t>(ids.front()));
    }
  }
  throw std::out_of_range(concat(field, " is neither a text nor a class"));
}

std::string Dataset::value(Split split, std::int64_t example, const std::string& pointer) const {
  const SplitContent& part = content_->part(split);
  const auto index = static_cast<std::size_t>(example);
  if (auto text = value_at(part.jsons.at(index), pointer)) return std::move(*text);
  throw Error(Exit::bad_data, concat(part.places.at(index), ": there is no value at ", pointer,
                                     ". Correct the pointer in the recipe."));
}

}  // namespace weft::host
