// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/augment_audio.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/dataset/shots.hpp"
#include "host/data/document/document.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/row_masking.hpp"
#include "host/data/image/augment_image.hpp"
#include "host/data/image/image.hpp"

namespace weft::host {
namespace {

/// [sizes…] for the field and for its mask, of one row; and where that is, for a field of more.
struct Target {
  std::byte* values;
  bool* mask;
  Batch& batch;
  std::size_t row;
};

/// Fills the fields of one row, one after the other.
class Row {
 public:
  Row(const Dataset::Content& content, Split split, const Draw& draw)
      : content_(content),
        part_(part_of(content, split, draw)),
        draw_(draw),
        ref_(part_.examples[draw.example]),
        example_(
            read_example(*part_.shards[ref_.shard], ref_, content.options, content.row_sources)) {}

  const std::string& key() const { return example_.key; }

  /// False for an optional field that the sample lacks.
  bool has(std::size_t field) const {
    const FieldOptions& options = content_.options.fields[field];
    if (!options.is_optional) return true;
    return options.is_media() ? part_.shards[ref_.shard]->has_any(ref_.sample, options.source.text)
                              : has_texts(example_, options);
  }

  void fill(std::size_t field, const Target& target) {
    const FieldOptions& options = content_.options.fields[field];
    begin_random(field);
    std::visit([&](const auto& kind) { fill(kind, field, target); }, options.kind);
  }

  void add_document(std::size_t field, DocumentRow& documents) {
    begin_random(field);
    const FieldOptions& options = content_.options.fields[field];
    documents.add(document_pieces(content_, draw_, part_, example_, options, random()), random());
  }

  /// What stands for a field that the sample lacks: padding for a text, else zeros.
  void leave_empty(std::size_t field, const Target& target, std::size_t bytes) const {
    if (const auto* text = std::get_if<TextOptions>(&content_.options.fields[field].kind)) {
      std::fill_n(reinterpret_cast<std::int64_t*>(target.values), text->length,
                  std::int64_t{content_.tokenizer->pad()});
    } else if (const FieldKind* own = content_.options.fields[field].own_kind()) {
      for (const FieldSpec& spec : own->specs(content_.options.fields[field].name)) {
        std::ranges::fill(row_of<std::byte>(target.batch, spec.name, target.row), std::byte{0});
      }
    } else {
      std::memset(target.values, 0, bytes);
    }
  }

 private:
  void begin_random(std::size_t field) {
    random_.reset();
    if (!draw_.origin) return;
    const auto& [seed, epoch, offset] = *draw_.origin;
    random_.emplace({seed, epoch, offset, field});
  }

  /// The picture, recording or video that the row takes: its own, or by exchange another's.
  /// One that cannot be used is set aside, and another is drawn.
  Feature feature(std::size_t field) {
    constexpr int k_most_attempts = 100;
    const Pools& pools = part_.pools[field];
    if (!random_ || pools.examples.empty()) return feature_of(draw_.example, field);
    const std::vector<std::uint32_t>& pool = pools.examples[pools.pool_of[draw_.example]];
    for (int attempt = 1;; ++attempt) {
      const std::size_t other = pool[random_->below(pool.size())];
      try {
        return feature_of(other, field);
      } catch (const Error& error) {
        if (!content_.quarantine.takes(error) || attempt == k_most_attempts) throw;
        set_aside(content_, part_, other, error.what());
      }
    }
  }

  Feature feature_of(std::size_t example, std::size_t field) {
    return host::feature_of(content_, draw_, part_, example, content_.options.fields[field],
                            random());
  }

  RandomSequence* random() { return random_ ? &*random_ : nullptr; }

  const std::string& text(std::size_t field) const {
    const FieldOptions& options = content_.options.fields[field];
    return required_value(example_, options.source.text, concat("field ", options.name));
  }

  void fill(const ImageOptions& options, std::size_t field, const Target& target) {
    write_picture(feature(field).values, options, random(),
                  reinterpret_cast<float*>(target.values));
  }

  void fill(const RecordingOptions& options, std::size_t field, const Target& target) {
    const Feature recording = feature(field);
    content_.truncated.add(content_.options.fields[field].name, recording.frames, options.frames);
    const std::int64_t real =
        write_recording(recording, options, random(), reinterpret_cast<float*>(target.values));
    std::fill_n(target.mask, real, true);
    std::fill(target.mask + real, target.mask + options.frames, false);
  }

  void fill(const VideoOptions& options, std::size_t field, const Target& target) {
    const auto& [pictures, frames] = feature(field);
    content_.truncated.add(content_.options.fields[field].name, frames, options.frames);
    auto* values = reinterpret_cast<float*>(target.values);
    const std::int64_t real = pictures.sizes[0], size = pictures.count() / real;
    float* const end = std::copy_n(pictures.data<float>(), pictures.count(), values);
    std::fill_n(end, (options.frames - real) * size, 0.0F);
    std::fill_n(target.mask, real, true);
    std::fill(target.mask + real, target.mask + options.frames, false);
  }

  /// The ids of the text, cut to what fits into the field and counted.
  void fill(const TextOptions& options, std::size_t field, const Target& target) {
    const FieldOptions& asked = content_.options.fields[field];
    const std::string& own = text(field);
    const std::string shots = drawn_shots(content_, asked, example_, draw_.origin);
    std::vector<std::int32_t> ids =
        content_.tokenizer->encode(concat(shots, options.prefix, own, options.suffix));
    const std::int64_t room = options.length - options.begin - options.end;
    if (!shots.empty() && std::ssize(ids) > room)
      throw Error(Exit::bad_data,
                  concat(example_.place, ": field ", asked.name, " has ", ids.size(),
                         " tokens with its ", options.shots.count, " examples, and room for ", room,
                         ". Raise max_length, or lower shots/count."));
    content_.truncated.add(asked.name, std::ssize(ids), room);
    if (std::ssize(ids) > room) ids.resize(static_cast<std::size_t>(room));
    if (options.begin) ids.insert(ids.begin(), content_.tokenizer->required(SpecialId::begin));
    if (options.end) ids.push_back(content_.tokenizer->required(SpecialId::end));
    auto* values = reinterpret_cast<std::int64_t*>(target.values);
    std::fill(std::copy(ids.begin(), ids.end(), values), values + options.length,
              std::int64_t{content_.tokenizer->pad()});
    std::fill_n(target.mask, ids.size(), true);
    std::fill(target.mask + ids.size(), target.mask + options.length, false);
  }

  void fill(const ClassOptions& options, std::size_t field, const Target& target) {
    const std::string& value = text(field);
    const std::optional<std::int64_t> index = options.index_of(value);
    if (!index) {
      const FieldOptions& asked = content_.options.fields[field];
      const std::string known =
          options.first ? concat(" Its classes are the numbers from ", options.classes.front(),
                                 " to ", options.classes.back(), ".")
                        : suggestion(value, options.classes);
      throw Error(Exit::bad_data,
                  concat(example_.place, ": ", asked.source.text, " is \"", value,
                         "\", which is no class of field ", asked.name, ".", known,
                         " Add it to the field's classes, or leave the example out with filter."));
    }
    *reinterpret_cast<std::int64_t*>(target.values) = *index;
  }

  void fill(const DocumentOptions&, std::size_t field, const Target& target) {
    DocumentRow document(content_, content_.options.fields[field], target.batch, target.row);
    add_document(field, document);
    document.finish();
  }

  void fill(const std::shared_ptr<const FieldKind>& kind, std::size_t field, const Target& target) {
    const FieldOptions& options = content_.options.fields[field];
    const Feature value = kind->reads_bytes()
                              ? feature(field)
                              : kind->decode(field_text(example_, options),
                                             kind->pointers().empty()
                                                 ? concat(example_.place, ": ", options.source.text)
                                                 : example_.place);
    if (const auto fitted = kind->length(value)) {
      content_.truncated.add(options.name, fitted->length, fitted->room);
    }
    const std::optional<Placement> placement = placement_for(*kind);
    RowWriter writer(target.batch, options.name, target.row, placement ? &*placement : nullptr);
    kind->write(value, writer);
  }

  /// Where the image that the field follows lies in its own: the same draws as the image's.
  std::optional<Placement> placement_for(const FieldKind& kind) const {
    if (kind.image().empty()) return std::nullopt;
    const std::vector<FieldOptions>& fields = content_.options.fields;
    const auto image = std::ranges::find(fields, kind.image(), &FieldOptions::name);
    std::optional<RandomSequence> random;
    if (draw_.origin) {
      const auto& [seed, epoch, offset] = *draw_.origin;
      random.emplace({seed, epoch, offset, static_cast<std::uint64_t>(image - fields.begin())});
    }
    const Shard& shard = *part_.shards[ref_.shard];
    const std::string_view member = shard.chosen(ref_.sample, image->source.text);
    return placement_of(shard.read(ref_.sample, member), std::get<ImageOptions>(image->kind),
                        random ? &*random : nullptr, shard.place(ref_.sample, image->name, member));
  }

  const Dataset::Content& content_;
  const SplitContent& part_;
  const Draw& draw_;
  const ExampleRef ref_;
  const Example example_;
  std::optional<RandomSequence> random_;  ///< of the field at hand; none: as it is
};

}  // namespace

Batch empty_batch(const Dataset::Content& content, std::size_t rows, BatchMemory* memory) {
  Batch batch;
  batch.size = static_cast<std::int64_t>(rows);
  batch.keys.resize(rows);
  for (const FieldSpec& spec : content.specs) {
    std::vector<std::int64_t> sizes = {batch.size};
    sizes.insert(sizes.end(), spec.sizes.begin(), spec.sizes.end());
    batch.fields.emplace(spec.name, memory != nullptr ? memory->empty(spec.dtype, sizes)
                                                      : Array::empty(spec.dtype, sizes));
  }
  return batch;
}

Feature feature_of(const Dataset::Content& content, const Draw& draw, const SplitContent& part,
                   std::size_t example, const FieldOptions& field, RandomSequence* random) {
  const ExampleRef& ref = part.examples[example];
  const Shard& shard = *part.shards[ref.shard];
  const auto* image = std::get_if<ImageOptions>(&field.kind);
  if (random != nullptr && image != nullptr && changes_pixels(*image)) {
    return make_feature(shard, ref.sample, field, random);  // another one each time
  }
  // What is streamed comes once an epoch, and its shard goes with it.
  return draw.run ? make_feature(shard, ref.sample, field)
                  : content.cache->feature(shard, ref.sample, field);
}

namespace {

/// Fills one field of the row.
void fill_field(const Dataset::Content& content, Row& filler, std::size_t f, Batch& batch,
                std::size_t row) {
  const FieldOptions& field = content.options.fields[f];
  const auto rows = static_cast<std::size_t>(batch.size);
  Array& values = batch.fields.at(field.name);
  Array* const masks = field.mask.empty() ? nullptr : &batch.fields.at(field.mask);
  const std::size_t value_bytes = values.byte_count() / rows;
  const std::size_t flags = masks != nullptr ? masks->byte_count() / rows : 0;
  const Target target{values.bytes.get() + row * value_bytes,
                      masks != nullptr ? masks->data<bool>() + row * flags : nullptr, batch, row};
  bool is_present = filler.has(f);
  try {
    if (is_present) filler.fill(f, target);
  } catch (const LacksSound&) {
    if (!field.is_optional) throw;
    is_present = false;
  }
  if (field.is_optional) batch.fields.at(field.name + k_present).data<bool>()[row] = is_present;
  if (!is_present) {
    filler.leave_empty(f, target, value_bytes);
    std::fill_n(target.mask, flags, false);
  }
}

/// Fills the fields of the row with one example. @return  its key
std::string fill_fields(const Dataset::Content& content, Split split, const Draw& draw,
                        Batch& batch, std::size_t row) {
  Row filler(content, split, draw);
  for (std::size_t f = 0; f < content.options.fields.size(); ++f)
    fill_field(content, filler, f, batch, row);
  return filler.key();
}

/// Fills the row of the one field there is with the documents of several examples. Those that
/// cannot be used are set aside and left out, unless it is all of them.
/// @return  their keys
std::string fill_packed(const Dataset::Content& content, Split split, const Draw& draw,
                        Batch& batch, std::size_t row) {
  DocumentRow documents(content, content.options.fields.front(), batch, row);
  std::string keys;
  const auto add = [&](const Draw& one) {
    Row filler(content, split, one);
    filler.add_document(0, documents);
    keys += concat(keys.empty() ? "" : " + ", filler.key());
  };
  std::vector<Draw> draws = draw.packed;
  draws.insert(draws.begin(), draw);
  std::optional<Error> fault;
  for (const Draw& one : draws) {
    try {
      add(one);
    } catch (const Error& error) {
      if (!content.quarantine.takes(error)) throw;
      set_aside(content, part_of(content, split, one), one.example, error.what());
      if (!fault) fault = error;
    }
  }
  if (keys.empty()) throw *fault;
  documents.finish();
  return keys;
}

}  // namespace

std::string value_of(const Dataset::Content& content, const SplitContent& part, std::size_t example,
                     const std::string& pointer) {
  const ExampleRef& ref = part.examples.at(example);
  const Example found = read_example(*part.shards[ref.shard], ref, content.options, {pointer});
  if (const auto text = found.values.find(pointer); text != found.values.end()) return text->second;
  throw Error(Exit::bad_data, concat(found.place, ": there is no value at ", pointer,
                                     ". Correct the pointer in the recipe."));
}

std::vector<std::string> texts_of(const Dataset::Content& content, const SplitContent& part,
                                  std::size_t example, const std::vector<std::string>& fields) {
  std::vector<std::string> sources;
  for (const std::string& name : fields)
    sources.push_back(
        std::ranges::find(content.options.fields, name, &FieldOptions::name)->source.text);
  const ExampleRef& ref = part.examples.at(example);
  Example found =
      read_example(*part.shards[ref.shard], ref, content.options, {sources.begin(), sources.end()});
  std::vector<std::string> texts;
  for (const std::string& source : sources) texts.push_back(found.values[source]);
  return texts;
}

std::vector<std::string> faults_of(const Dataset::Content& content, Split split, const Draw& draw,
                                   Batch& batch) {
  std::vector<std::string> faults;
  const auto note = [&](const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.exit() != Exit::bad_data) throw;
      const std::string reason = error.what();
      if (std::ranges::find(faults, reason) == faults.end()) faults.push_back(reason);
    }
  };
  const SplitContent& part = part_of(content, split, draw);
  const ExampleRef& ref = part.examples[draw.example];
  std::optional<Row> filler;
  note([&] { filler.emplace(content, split, draw); });
  for (std::size_t f = 0; f < content.options.fields.size(); ++f) {
    const FieldOptions& field = content.options.fields[f];
    if (filler) {
      note([&] { fill_field(content, *filler, f, batch, 0); });
    } else if (field.is_media() && part.shards[ref.shard]->has_any(ref.sample, field.source.text)) {
      // What its text lacks says nothing of its files.
      note([&] { feature_of(content, draw, part, draw.example, field, nullptr); });
    }
  }
  if (faults.empty()) note([&] { fill_row(content, split, draw, batch, 0); });
  return faults;
}

void fill_row(const Dataset::Content& content, Split split, const Draw& draw, Batch& batch,
              std::size_t row) {
  batch.keys[row] = draw.packed.empty() ? fill_fields(content, split, draw, batch, row)
                                        : fill_packed(content, split, draw, batch, row);
  tokenize_row(content.options, content.visual_tokens, batch, row);
  mask_row(content.options, content.masking, batch, row,
           draw.origin.value_or(still_origin(batch.keys[row])));
}

}  // namespace weft::host
