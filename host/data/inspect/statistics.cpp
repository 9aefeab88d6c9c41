// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/statistics.hpp"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "host/base/error.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/document/document.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/normalization.hpp"
#include "host/data/image/decode_image.hpp"
#include "host/data/inspect/same_content.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_block = 32;  ///< examples that a thread takes at once
constexpr std::size_t k_extremes = 5;
constexpr std::int64_t k_most_entries = 16;  ///< of a list of numbers that are told one by one

struct Fault {
  std::size_t example;
  std::string reason;
};

/// What an example takes part in by its length.
struct Length {
  std::int64_t length;
  std::size_t example;
};

void keep_extreme(std::vector<Length>& kept, const Length& length, bool is_long) {
  const auto before = [&](const Length& a, const Length& b) {
    if (a.length != b.length) return is_long ? a.length > b.length : a.length < b.length;
    return a.example < b.example;
  };
  kept.insert(std::ranges::upper_bound(kept, length, before), length);
  if (kept.size() > k_extremes) kept.pop_back();
}

struct FieldSum {
  FieldSurvey survey;
  OddSum ill_formed, silent;
  std::vector<Length> longest, shortest;
  std::vector<ContentMet> met;

  void add(const FieldSum& other) {
    FieldSurvey& mine = survey;
    const FieldSurvey& theirs = other.survey;
    mine.examples += theirs.examples;
    mine.classes.resize(std::max(mine.classes.size(), theirs.classes.size()));
    for (std::size_t i = 0; i < theirs.classes.size(); ++i) mine.classes[i] += theirs.classes[i];
    mine.lengths.add(theirs.lengths);
    mine.room = std::max(mine.room, theirs.room);
    mine.cut += theirs.cut;
    for (const Length& length : other.longest) keep_extreme(longest, length, true);
    for (const Length& length : other.shortest) keep_extreme(shortest, length, false);
    ill_formed.add(other.ill_formed);
    silent.add(other.silent);
    mine.pictures.add(theirs.pictures);
    mine.sounds.add(theirs.sounds);
    mine.heights.add(theirs.heights);
    mine.widths.add(theirs.widths);
    mine.values.resize(std::max(mine.values.size(), theirs.values.size()));
    for (std::size_t i = 0; i < theirs.values.size(); ++i) mine.values[i].add(theirs.values[i]);
    met.insert(met.end(), other.met.begin(), other.met.end());
  }
};

/// What one thread finds out about examples of one split.
class Looker {
 public:
  Looker(const Dataset& dataset, Split split, bool statistics)
      : fields(dataset.content().options.fields.size()),
        content_(dataset.content()),
        part_(content_.part(split)),
        split_(split),
        statistics_(statistics),
        row_(empty_batch(content_, 1)) {}

  std::vector<FieldSum> fields;
  std::vector<Fault> faults;

  void look(std::size_t example) {
    TruncationCount::Watch watch;
    try {
      fill_row(content_, split_, {example, 0, std::nullopt}, row_, 0);
      const ExampleRef& ref = part_.examples[example];
      const Shard& shard = *part_.shards[ref.shard];
      const Example texts = read_example(shard, ref, content_.options, content_.row_sources);
      for (std::size_t f = 0; f < fields.size(); ++f) look(f, example, texts, watch);
    } catch (const Error& error) {
      if (error.exit() != Exit::bad_data) throw;
      for (std::string& reason : faults_of(content_, split_, {example, 0, std::nullopt}, row_))
        faults.push_back({example, std::move(reason)});
    }
  }

 private:
  void look(std::size_t f, std::size_t example, const Example& texts,
            const TruncationCount::Watch& watch) {
    const FieldOptions& options = content_.options.fields[f];
    const ExampleRef& ref = part_.examples[example];
    const Shard& shard = *part_.shards[ref.shard];
    FieldSum& sum = fields[f];
    if (std::holds_alternative<DocumentOptions>(options.kind)) {
      meet_document(options, example, texts, sum);
    } else if (!options.is_media()) {
      if (!has_texts(texts, options)) return;
      const auto text = texts.values.find(options.source.text);
      if (!is_well_formed(text->second)) sum.ill_formed.add(example);
      if (std::holds_alternative<TextOptions>(options.kind)) {
        meet(sum, example, text->second.data(), text->second.size());
      }
    } else if (is_present(options)) {
      // The entries of one sample share its members.
      const bool is_again = example > 0 && part_.examples[example - 1].shard == ref.shard &&
                            part_.examples[example - 1].sample == ref.sample;
      if (!is_again) look_at_file(options, shard, example, sum);
    } else {
      return;
    }
    ++sum.survey.examples;
    if (const auto length = watch.lengths().find(options.name); length != watch.lengths().end()) {
      sum.survey.lengths.add(length->second.length);
      sum.survey.room = length->second.room;
      const auto sound = watch.lengths().find(options.name + k_sounds);  // of a document
      const bool has_cut_sound =
          sound != watch.lengths().end() && sound->second.length > sound->second.room;
      sum.survey.cut += length->second.length > length->second.room || has_cut_sound ? 1 : 0;
      keep_extreme(sum.longest, {length->second.length, example}, true);
      keep_extreme(sum.shortest, {length->second.length, example}, false);
    }
    if (std::holds_alternative<ClassOptions>(options.kind)) count_class(options, sum);
    if (std::holds_alternative<RecordingOptions>(options.kind) && is_silent(options)) {
      sum.silent.add(example);
    }
    if (statistics_) add_values(options, sum);
  }

  /// Whether the row at hand has the field.
  bool is_present(const FieldOptions& options) const {
    return !options.is_optional || row_.fields.at(options.name + k_present).data<bool>()[0];
  }

  void look_at_file(const FieldOptions& options, const Shard& shard, std::size_t example,
                    FieldSum& sum) {
    const std::size_t sample = part_.examples[example].sample;
    const Bytes bytes = shard.read(sample, shard.chosen(sample, options.source.text));
    meet(sum, example, bytes.data(), bytes.size());
    if (!statistics_ || !std::holds_alternative<ImageOptions>(options.kind)) return;
    ImageForm form;  // as the file has it
    form.channels = 1;
    const Image picture = decode_image(bytes, form, shard.place(sample));
    sum.survey.heights.add(picture.height);
    sum.survey.widths.add(picture.width);
  }

  /// Documents are the same where all their parts are.
  void meet_document(const FieldOptions& options, std::size_t example, const Example& texts,
                     FieldSum& sum) const {
    const ExampleRef& ref = part_.examples[example];
    const Shard& shard = *part_.shards[ref.shard];
    XXH64_hash_t hash = 0;
    std::int64_t pictures = 0, sounds = 0;
    bool is_ill_formed = false;
    for (const DocumentPart& one : document_parts(options, texts, shard, ref.sample)) {
      hash ^= static_cast<XXH64_hash_t>(one.kind);
      pictures += one.kind == DocumentPart::Kind::picture ? 1 : 0;
      sounds += one.kind == DocumentPart::Kind::sound ? 1 : 0;
      if (one.kind == DocumentPart::Kind::text) {
        hash = XXH3_64bits_withSeed(one.value.data(), one.value.size(), hash);
        is_ill_formed |= !is_well_formed(one.value);
      } else {
        const Bytes bytes = shard.read(ref.sample, shard.chosen(ref.sample, one.value));
        hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash);
      }
    }
    meet(sum, example, &hash, sizeof hash);
    if (is_ill_formed) sum.ill_formed.add(example);
    sum.survey.pictures.add(pictures);
    sum.survey.sounds.add(sounds);
  }

  void meet(FieldSum& sum, std::size_t example, const void* bytes, std::size_t count) const {
    sum.met.push_back({XXH3_64bits(bytes, count), static_cast<std::uint32_t>(example),
                       static_cast<std::uint32_t>(split_)});
  }

  void count_class(const FieldOptions& options, FieldSum& sum) const {
    const auto& classes = std::get<ClassOptions>(options.kind).classes;
    sum.survey.classes.resize(classes.size());
    const std::int64_t index = *row_.fields.at(options.name).data<std::int64_t>();
    if (index >= 0 && index < std::ssize(classes)) {
      ++sum.survey.classes[static_cast<std::size_t>(index)];
    }
  }

  /// In silence every band of every frame has the same floor.
  bool is_silent(const FieldOptions& options) const {
    const Array& values = row_.fields.at(options.name);
    const bool* const mask = row_.fields.at(options.mask).data<bool>();
    const std::int64_t frames = values.sizes[1], bands = values.sizes[2];
    const auto real = std::find(mask, mask + frames, false) - mask;
    const float* const first = values.data<float>();
    return std::all_of(first, first + real * bands, [&](float x) { return x == *first; });
  }

  void add_values(const FieldOptions& options, FieldSum& sum) const {
    const Array& values = row_.fields.at(options.name);
    const FieldKind* const own = options.own_kind();
    const Normalization* const undone = own != nullptr ? own->undone() : nullptr;
    if (values.dtype != DType::float32 || (values.sizes.size() < 2 && undone == nullptr)) return;
    const float* const first = values.data<float>();
    const std::int64_t steps = values.sizes.size() < 2 ? 1 : values.sizes[1];
    const std::int64_t size = values.count() / steps;
    const bool by_channel = std::holds_alternative<ImageOptions>(options.kind) ||
                            (undone != nullptr && options.mask.empty() && steps <= k_most_entries);
    sum.survey.values.resize(by_channel ? static_cast<std::size_t>(steps) : 1);
    const bool* const mask =
        options.mask.empty() ? nullptr : row_.fields.at(options.mask).data<bool>();
    for (std::int64_t i = 0; i < steps; ++i) {
      if (!by_channel && mask != nullptr && !mask[i]) continue;
      sum.survey.values[by_channel ? static_cast<std::size_t>(i) : 0].add(first + i * size, size);
    }
  }

  const Dataset::Content& content_;
  const SplitContent& part_;
  const Split split_;
  const bool statistics_;
  Batch row_;  ///< of one example
};

/// Looks at all examples of a split.
Looker look_at_all(const Dataset& dataset, Split split, bool statistics) {
  const std::size_t count = dataset.content().part(split).size();
  const auto most = static_cast<std::size_t>(dataset.content().options.loading.threads());
  const std::size_t threads = std::clamp<std::size_t>((count + k_block - 1) / k_block, 1, most);
  std::vector<Looker> lookers;
  for (std::size_t i = 0; i < threads; ++i) lookers.emplace_back(dataset, split, statistics);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](Looker& looker) {
    try {
      for (std::size_t begin = next.fetch_add(k_block); begin < count;
           begin = next.fetch_add(k_block)) {
        for (std::size_t i = begin; i < std::min(begin + k_block, count); ++i) looker.look(i);
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> running;
    for (Looker& looker : lookers) running.emplace_back(work, std::ref(looker));
  }
  if (failure) std::rethrow_exception(failure);
  for (std::size_t i = 1; i < lookers.size(); ++i) {
    for (std::size_t f = 0; f < lookers[0].fields.size(); ++f) {
      lookers[0].fields[f].add(lookers[i].fields[f]);
    }
    lookers[0].faults.insert(lookers[0].faults.end(), lookers[i].faults.begin(),
                             lookers[i].faults.end());
  }
  std::ranges::sort(lookers[0].faults, {}, &Fault::example);
  return std::move(lookers[0]);
}

/// Undoes the normalisation of means and deviations, where that is possible.
void finish_values(const FieldOptions& options, FieldSurvey& field) {
  for (std::size_t i = 0; i < field.values.size(); ++i) {
    double mean = field.values[i].mean(), deviation = field.values[i].deviation();
    double shift = 0, scale = 1;
    if (const auto* image = std::get_if<ImageOptions>(&options.kind)) {
      shift = static_cast<double>(image->mean[i]), scale = static_cast<double>(image->std[i]);
    } else if (const auto* recording = std::get_if<RecordingOptions>(&options.kind);
               recording != nullptr && !recording->per_mel) {
      shift = static_cast<double>(recording->mean), scale = static_cast<double>(recording->std);
    } else if (const FieldKind* own = options.own_kind(); own != nullptr && own->undone()) {
      shift = own->undone()->mean_of(i), scale = own->undone()->std_of(i);
    }
    field.means.push_back(mean * scale + shift);
    field.deviations.push_back(deviation * scale);
  }
}

}  // namespace

namespace {

/// What the lengths of a field count.
const char* unit_of(const FieldOptions& field) {
  if (field.own_kind() != nullptr) return "entries";  // of an array's first axis, of boxes
  if (std::holds_alternative<DocumentOptions>(field.kind)) return "places";
  return field.is_media() ? "frames" : "tokens";
}

/// A field of a split, and what it has in common with others.
FieldSurvey finished(const FieldOptions& options, FieldSum& sum,
                     const std::function<std::string(std::size_t example)>& key) {
  FieldSurvey field = std::move(sum.survey);
  field.name = options.name;
  field.unit = unit_of(options);
  if (const auto* recording = std::get_if<RecordingOptions>(&options.kind)) {
    field.seconds = static_cast<double>(recording->spectrum.hop) / recording->spectrum.rate;
  }
  finish_values(options, field);
  field.ill_formed = sum.ill_formed.told(key);
  field.silent = sum.silent.told(key);
  for (const Length& length : sum.longest)
    field.longest.push_back({length.length, key(length.example)});
  for (const Length& length : sum.shortest)
    field.shortest.push_back({length.length, key(length.example)});
  return field;
}

/// The samples of a split that cannot be used, once for each reason: the entries of one sample fail
/// for the same.
void add_unusable(const SplitContent& part, const std::vector<Fault>& faults,
                  const std::function<std::string(std::size_t example)>& key,
                  std::vector<BadSample>& unusable) {
  std::set<std::string> told;  // of the sample at hand
  const ExampleRef* before = nullptr;
  for (const Fault& fault : faults) {
    const ExampleRef& ref = part.examples[fault.example];
    if (before == nullptr || before->shard != ref.shard || before->sample != ref.sample)
      told.clear();
    before = &ref;
    if (told.insert(fault.reason).second)
      unusable.push_back({part.shards[ref.shard]->name, key(fault.example), fault.reason});
  }
}

}  // namespace

std::size_t Survey::unusable_samples() const {
  std::set<std::pair<std::string, std::string>> samples;
  for (const BadSample& bad : unusable) samples.emplace(bad.shard, bad.key);
  return samples.size();
}

Survey survey(const Dataset& dataset, bool statistics) {
  const Dataset::Content& content = dataset.content();
  const std::vector<FieldOptions>& options = content.options.fields;
  Survey survey;
  survey.unusable = content.quarantine.list();  // what opening found
  std::vector<std::vector<ContentMet>> met(options.size());
  for (const Split split : k_splits) {
    const SplitContent& part = content.part(split);
    if (!part.entries.empty()) survey.streamed.push_back(split);
    if (part.shards.empty()) continue;
    Looker all = look_at_all(dataset, split, statistics);
    SplitSurvey own{split, 0, dataset.size(split), {}, {}, members_of(part, content.options), {}};
    if (statistics && split == Split::train && content.options.packed() != nullptr) {
      own.packing = packing_of(dataset, 0);
    }
    for (const auto& shard : part.shards) {
      own.samples += static_cast<std::int64_t>(shard->size());
      if (shard->passed_over.count > 0)
        own.passed_over.push_back({shard->name, shard->passed_over});
    }
    const auto key = [&](std::size_t example) { return key_of(content, split, example); };
    for (std::size_t f = 0; f < options.size(); ++f) {
      FieldSum& sum = all.fields[f];
      met[f].insert(met[f].end(), sum.met.begin(), sum.met.end());
      own.fields.push_back(finished(options[f], sum, key));
    }
    add_unusable(part, all.faults, key, survey.unusable);
    survey.splits.push_back(std::move(own));
  }
  for (std::size_t f = 0; f < options.size(); ++f) {
    find_same(content, options[f].name, std::move(met[f]), survey.same);
  }
  return survey;
}

}  // namespace weft::host
