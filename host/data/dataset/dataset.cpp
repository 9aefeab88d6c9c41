// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/dataset.hpp"

#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/text.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/dataset/shots.hpp"
#include "host/data/storage/file_folder.hpp"
#include "host/data/text/tokenizer_file.hpp"

namespace weft::host {
namespace {

/// Lists the examples of one part.
class PartReader {
 public:
  PartReader(Dataset::Content& content, Split split, std::string cache_folder)
      : content_(content),
        options_(content.options),
        split_(split),
        cache_folder_(std::move(cache_folder)),
        sources_(listing_sources(options_, split)),
        texts_(
            options_.tokenizer ? options_.tokenizer->training.type : "",
            options_.tokenizer ? static_cast<std::size_t>(options_.tokenizer->training.texts) : 0) {
    part_.pools.resize(options_.fields.size());
    pool_by_value_.resize(options_.fields.size());
    mine_.resize(options_.fields.size());
  }

  /// Opens the shards of one source and adds their examples.
  /// @param place  the pointer of the entries in the recipe
  void add_source(const std::vector<std::string>& entries, const std::string& place,
                  double weight) {
    const std::vector<std::string> files = shard_files(entries, place);
    for (const std::string& file : files) content_.permission.look_at(file);
    if (options_.is_streamed || std::ranges::any_of(files, is_pipe)) {
      std::ranges::for_each(files, require_streamable);
      part_.entries = files;
      return;
    }
    SourceRange source{part_.examples.size(), 0, part_.shards.size(), 0, weight};
    for (const std::string& path : files) add_shard(path);
    source.count = part_.examples.size() - source.first;
    source.shard_count = part_.shards.size() - source.first_shard;
    if (part_.shards.empty()) return;  // a part that is not there
    if (source.count == 0) {
      throw Error(Exit::bad_data,
                  concat("Data ", content_.name, ": the part ", split_name(split_),
                         " has no example left", options_.where.empty() ? "" : " after filter",
                         ". Correct explode and filter, or name other shards."));
    }
    part_.sources.push_back(source);
  }

  /// The texts that the tokenizer learns from, of all samples: sections which differ in their
  /// filter alone share one vocabulary.
  const TrainingTexts& texts() const { return texts_; }

  SplitContent finish() {
    part_.shard_begin.push_back(static_cast<std::uint32_t>(part_.examples.size()));
    part_.split = split_;
    part_.among = part_.size() + bad_.size();
    for (const BadSample& bad : bad_) content_.quarantine.add(bad, split_, part_.among);
    for (std::size_t f = 0; f < options_.fields.size(); ++f) {
      if (has_pools(options_.fields[f])) assign_pools(f);
    }
    return std::move(part_);
  }

 private:
  void add_shard(const std::string& path) {
    const auto damage = content_.quarantine.is_open() ? Damage::set_aside : Damage::refuse;
    const auto shard = content_.cache->shard(path, cache_folder_, damage);
    if (part_.examples.size() + shard->size() > 0xffffffff) {
      throw Error(Exit::bad_recipe,
                  concat("Data ", content_.name, ": the part ", split_name(split_),
                         " has more than 4294967295 examples. Divide it."));
    }
    part_.shard_begin.push_back(static_cast<std::uint32_t>(part_.examples.size()));
    part_.shards.push_back(shard);
    if (is_told()) bad_.insert(bad_.end(), shard->bad.begin(), shard->bad.end());
    for (std::size_t i = 0; i < shard->size(); ++i) add_sample(*shard, i);
  }

  void add_sample(const Shard& shard, std::size_t sample) {
    const ExampleRef ref{static_cast<std::uint32_t>(part_.shards.size() - 1),
                         static_cast<std::uint32_t>(sample), 0};
    if (options_.each.empty() && sources_.empty()) {
      if (is_of_split(shard.key(sample))) part_.examples.push_back(ref);
      return;
    }
    const std::size_t before = part_.examples.size();
    try {
      for_each_example(shard, sample, options_, sources_,
                       [&](std::uint32_t entry, const Example& example, bool is_kept) {
                         if (!is_of_split(shard.key(sample), &example)) return;
                         add_texts(example);
                         if (!is_kept) return;
                         require_pool_values(example);
                         part_.examples.push_back({ref.shard, ref.sample, entry});
                         add_to_pools(example);
                       });
    } catch (const Error& error) {
      if (part_.examples.size() != before) throw;
      if (!content_.quarantine.takes(error)) content_.quarantine.refuse(error);
      if (is_told()) {
        bad_.push_back({shard.name, std::string(shard.key(sample)), error.what()});
      }
    }
  }

  /// Of shards that are divided, what cannot be used is told once.
  bool is_told() const { return !options_.split || split_ == Split::train; }

  /// Whether an example of shards that are divided belongs to this part.
  bool is_of_split(std::string_view key, const Example* example = nullptr) const {
    const auto& held_out = options_.split;
    if (!held_out || !held_out->makes(split_)) return true;
    if (held_out->by.empty()) return held_out->of(key) == split_;
    return held_out->of(required_value(*example, held_out->by, "split")) == split_;
  }

  void add_texts(const Example& example) {
    if (split_ != Split::train || !options_.tokenizer) return;
    for (const Source& source : options_.tokenizer->texts) {
      const auto value = example.values.find(source.text);
      if (value != example.values.end() && !value->second.empty()) texts_.add(value->second);
    }
  }

  bool has_pools(const FieldOptions& field) const {
    return field.exchange && split_ == Split::train;
  }

  /// Before anything of the example is kept.
  void require_pool_values(const Example& example) const {
    for (const FieldOptions& field : options_.fields) {
      if (!has_pools(field)) continue;
      const std::string asked_by = concat("swap_within of field ", field.name);
      required_value(example, field.exchange->theirs, asked_by);
      required_value(example, field.exchange->mine, asked_by);
    }
  }

  /// Notes which samples an exchange may draw, and which list the example will draw from.
  void add_to_pools(const Example& example) {
    const auto index = static_cast<std::uint32_t>(part_.examples.size() - 1);
    const ExampleRef& ref = part_.examples.back();
    for (std::size_t f = 0; f < options_.fields.size(); ++f) {
      const FieldOptions& field = options_.fields[f];
      if (!has_pools(field)) continue;
      std::vector<std::vector<std::uint32_t>>& pools = part_.pools[f].examples;
      const auto [place, is_new] =
          pool_by_value_[f].try_emplace(example.values.at(field.exchange->theirs), pools.size());
      if (is_new) pools.emplace_back();
      std::vector<std::uint32_t>& pool = pools[place->second];
      // The examples of one sample follow each other: a sample is taken once.
      const bool is_same = !pool.empty() && part_.examples[pool.back()].shard == ref.shard &&
                           part_.examples[pool.back()].sample == ref.sample;
      if (!is_same) pool.push_back(index);
      mine_[f].push_back(example.values.at(field.exchange->mine));
    }
  }

  void assign_pools(std::size_t f) {
    const FieldOptions& field = options_.fields[f];
    for (std::size_t i = 0; i < part_.examples.size(); ++i) {
      const auto found = pool_by_value_[f].find(mine_[f][i]);
      if (found == pool_by_value_[f].end()) {
        const ExampleRef& ref = part_.examples[i];
        const Example example = read_example(*part_.shards[ref.shard], ref, options_, {});
        throw Error(Exit::bad_data, concat(example.place, ": no training sample has \"",
                                           mine_[f][i], "\" at ", field.exchange->theirs,
                                           ", which swap_within of field ", field.name, " needs."));
      }
      part_.pools[f].pool_of.push_back(static_cast<std::uint32_t>(found->second));
    }
  }

  Dataset::Content& content_;
  const DataOptions& options_;
  Split split_;
  std::string cache_folder_;
  std::set<std::string> sources_;
  SplitContent part_;
  TrainingTexts texts_;
  std::vector<BadSample> bad_;
  std::vector<std::map<std::string, std::size_t>> pool_by_value_;  ///< by field
  std::vector<std::vector<std::string>> mine_;                     ///< by field and example
};

/// What stands in the fingerprint for a file that is streamed, and so not read at opening.
std::string name_and_size(const std::string& path) {
  const DataFile file(path);
  const std::string name = std::filesystem::path(path).filename().string();
  if (file.problem().empty()) return concat(name, ' ', file.stamp().size);
  throw Error(Exit::no_input, concat("The shard ", path, " ", file.problem(),
                                     ". Check the path under data/shards."));
}

void train_tokenizer(const TrainingTexts& texts, const std::string& cache_folder,
                     Dataset::Content& content) {
  const TokenizerOptions& options = *content.options.tokenizer;
  const TokenizerTraining& training = options.training;
  const std::string file =
      concat("tokenizer-", fingerprint_of(training, texts).substr(0, 16), ".model");
  content.tokenizer_path = (std::filesystem::path(cache_folder) / file).string();
  content.tokenizer = Tokenizer::train(content.tokenizer_path, training, texts);
}

/// @return what the data set's fingerprint is to hold of the tokenizer
std::string load_tokenizer(const std::string& path, Dataset::Content& content) {
  content.tokenizer_path = path;
  std::string bytes = read_tokenizer_file(content.tokenizer_path);
  content.tokenizer =
      Tokenizer::from_bytes(bytes, concat("The tokenizer ", content.tokenizer_path));
  for (const FieldOptions& field : content.options.fields) {
    const auto require = [&](const auto& options) {
      if (options.begin) content.tokenizer->required(SpecialId::begin);
      if (options.end) content.tokenizer->required(SpecialId::end);
    };
    if (const auto* text = std::get_if<TextOptions>(&field.kind)) require(*text);
    if (const auto* document = std::get_if<DocumentOptions>(&field.kind)) require(*document);
  }
  return bytes;
}

/// The picture of an example of the training part; an empty array where it has none that can be
/// used and the section may do without.
Array training_picture(const Dataset::Content& content, std::size_t example,
                       const FieldOptions& field) {
  const SplitContent& part = content.part(Split::train);
  const ExampleRef& ref = part.examples[example];
  const Shard& shard = *part.shards[ref.shard];
  if (field.is_optional && !shard.has_any(ref.sample, field.source.text)) return {};
  try {
    return content.cache->feature(shard, ref.sample, field).values;
  } catch (const Error& error) {
    if (!content.quarantine.takes(error)) content.quarantine.refuse(error);
    return {};  // It is set aside when its row's turn comes.
  }
}

/// Learns the visual tokens of every field that asks for them, or takes those that were kept.
/// @param identity  of the section and its training part
void learn_visual_tokens(const std::string& identity, const std::string& cache_folder,
                         Dataset::Content& content) {
  for (const FieldOptions& field : content.options.fields) {
    if (!field.visual_tokens) continue;
    const std::string name = concat("visual tokens 1 ", field.name, ' ', identity);
    VisualTokens& tokens = content.visual_tokens[field.name];
    if (auto kept = find_kept(cache_folder, name)) {
      tokens = VisualTokens::take(*kept);
      continue;
    }
    tokens = VisualTokens::learn(
        content.part(Split::train).size(),
        [&](std::size_t example) { return training_picture(content, example, field); },
        std::get<ImageOptions>(field.kind), *field.visual_tokens);
    keep(cache_folder, name, [&](Record& record) { tokens.put(record); });
  }
}

/// The sources of a blend, or the shards from which a split is taken.
void add_sources(PartReader& reader, const DataOptions& options, const std::string& name,
                 Split split) {
  if (split == Split::train && !options.blend.empty()) {
    for (std::size_t i = 0; i < options.blend.size(); ++i) {
      reader.add_source(options.blend[i].shards, concat("/data/", name, "/blend/", i, "/shards"),
                        options.blend[i].weight);
    }
    return;
  }
  const bool is_held_out = options.split && options.split->makes(split);
  const Split from = is_held_out ? Split::train : split;
  reader.add_source(options.shards[static_cast<std::size_t>(from)],
                    concat("/data/", name, "/shards/", split_name(from)), 1);
}

}  // namespace

Dataset Dataset::open(const std::string& name, const std::string& data_json,
                      const std::string& cache_folder, std::shared_ptr<FeatureCache> cache,
                      const std::string& kept, Commands commands, const Dataset* training) {
  auto content = std::make_shared<Content>(name, parse_data_options(data_json), commands);
  if (training != nullptr) content->training = training->content_;
  const DataOptions& options = content->options;
  content->row_sources = row_sources(options);
  content->cache = cache ? std::move(cache) : std::make_shared<FeatureCache>();
  content->cache->reserve(options.loading.cache_bytes);
  Fingerprint fingerprint;
  fingerprint.add(options.identity);
  const bool is_trained = options.tokenizer && options.tokenizer->file.empty();
  if (options.tokenizer && !(is_trained && kept.empty())) {
    const std::string bytes =
        load_tokenizer(kept.empty() ? options.tokenizer->file : kept, *content);
    if (!is_trained) fingerprint.add(bytes);
  }
  const std::int64_t vocabulary = is_trained          ? options.tokenizer->training.vocabulary
                                  : options.tokenizer ? content->tokenizer->vocabulary()
                                                      : 0;
  content->specs = field_specs(options, vocabulary);
  for (const Split split : k_splits) {
    const auto index = static_cast<std::size_t>(split);
    PartReader reader(*content, split, cache_folder);
    add_sources(reader, options, name, split);
    if (split == Split::train && is_trained && kept.empty()) {
      train_tokenizer(reader.texts(), cache_folder, *content);
    }
    content->parts[index] = reader.finish();
    fingerprint.add(split_name(split));
    for (const auto& shard : content->parts[index].shards) fingerprint.add(shard->fingerprint);
    for (const std::string& entry : content->parts[index].entries) {
      fingerprint.add(is_pipe(entry) ? entry : name_and_size(entry));
    }
    if (split == Split::train) learn_visual_tokens(fingerprint.hex(), cache_folder, *content);
  }
  require_shots(*content);
  const bool masks_tokens = std::ranges::any_of(options.fields, [](const FieldOptions& field) {
    return std::holds_alternative<TokenMasking>(field.masking);
  });
  if (masks_tokens) content->masking = content->tokenizer->masking();
  content->fingerprint = fingerprint.hex();
  ::malloc_trim(0);  // what opening took beside the index, before batches are put around it
  return Dataset(content);
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

std::string Dataset::tokenizer_fingerprint() const {
  return content_->tokenizer ? content_->tokenizer->fingerprint() : "";
}

std::int64_t Dataset::size(Split split) const {
  return static_cast<std::int64_t>(content_->part(split).size());
}

std::map<std::string, Truncation> Dataset::truncated() const {
  return content_->truncated.all();
}

std::vector<BadSample> Dataset::set_aside(std::size_t from) const {
  return content_->quarantine.list(from);
}

std::string Dataset::decode_tokens(std::span<const std::int64_t> ids) const {
  return content_->tokenizer->decode(ids);
}

std::string Dataset::decode_text(const std::string& field,
                                 std::span<const std::int64_t> ids) const {
  const auto found = std::ranges::find(content_->options.fields, field, &FieldOptions::name);
  if (found != content_->options.fields.end()) {
    if (found->has_tokens()) return content_->tokenizer->decode(ids);
    if (const auto* list = std::get_if<ClassOptions>(&found->kind)) {
      return list->classes.at(static_cast<std::size_t>(ids.front()));
    }
  }
  throw std::out_of_range(concat(field, " is neither a text nor a class"));
}

std::string Dataset::value(Split split, std::int64_t example, const std::string& pointer) const {
  return value_of(*content_, content_->part(split), static_cast<std::size_t>(example), pointer);
}

void set_aside(const Dataset::Content& content, const SplitContent& part, std::size_t example,
               const std::string& reason) {
  const ExampleRef& ref = part.examples[example];
  const Shard& shard = *part.shards[ref.shard];
  content.quarantine.add({shard.name, example_key(shard, ref, content.options), reason}, part.split,
                         part.among);
}

}  // namespace weft::host
