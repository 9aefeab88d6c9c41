// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/field.hpp"

#include <algorithm>
#include <set>

#include "host/data/fields/field_kind.hpp"
#include "host/data/text/tokenizer_file.hpp"

namespace weft::host {
namespace {

/// @param vocabulary  ids of the tokenizer, 0 without one
FieldSpec spec_of(const FieldOptions& field, std::int64_t vocabulary) {
  FieldSpec spec{field.name, DType::int64, {}, field.mask};
  if (const auto* image = std::get_if<ImageOptions>(&field.kind)) {
    spec.dtype = DType::float32;
    spec.sizes = {image->channels, image->height, image->width};
  } else if (const auto* recording = std::get_if<RecordingOptions>(&field.kind)) {
    spec.dtype = DType::float32;
    spec.sizes = {recording->frames, recording->spectrum.mels};
  } else if (const auto* video = std::get_if<VideoOptions>(&field.kind)) {
    spec.dtype = DType::float32;
    spec.sizes = {video->frames, video->picture.channels, video->picture.height,
                  video->picture.width};
  } else if (const auto* text = std::get_if<TextOptions>(&field.kind)) {
    spec.sizes = {text->length};
    spec.classes = vocabulary;
  } else if (const auto* document = std::get_if<DocumentOptions>(&field.kind)) {
    spec.sizes = {document->length};
    spec.classes = vocabulary;
  } else if (const auto* list = std::get_if<ClassOptions>(&field.kind)) {
    spec.classes = static_cast<std::int64_t>(list->classes.size());
  }
  return spec;
}

/// [rows · columns] of the grid that masks and visual tokens share.
std::int64_t patches(const FieldOptions& field, int patch) {
  const auto& image = std::get<ImageOptions>(field.kind);
  return std::int64_t{image.height / patch} * (image.width / patch);
}

/// What comes with the ids and the mask of a document.
void add_document_specs(const FieldOptions& field, const DocumentOptions& document,
                        std::int64_t vocabulary, std::vector<FieldSpec>& specs) {
  const auto add = [&](const char* suffix, DType dtype, std::vector<std::int64_t> sizes,
                       const char* mask = nullptr, std::int64_t classes = 0) {
    specs.push_back({field.name + suffix, dtype, std::move(sizes),
                     mask != nullptr ? field.name + mask : "", classes});
  };
  for (const char* suffix : {k_position, k_document, k_source}) {
    add(suffix, DType::int64, {document.length});
  }
  if (document.has_next) {
    add(k_next, DType::int64, {document.length}, k_next_mask, vocabulary);
    add(k_next_mask, DType::boolean, {document.length});
  }
  if (const auto& pictures = document.pictures) {
    const ImageOptions& image = pictures->image;
    const std::int64_t patches = std::int64_t{pictures->most} * pictures->patches();
    add(k_pictures, DType::float32,
        {image.channels, std::int64_t{pictures->most} * image.height, image.width});
    add(k_pictures_at, DType::int64, {patches});
    if (pictures->masking) add(k_pictures_masked, DType::boolean, {patches});
  }
  if (const auto& sounds = document.sounds) {
    const std::int64_t frames = std::int64_t{sounds->most} * sounds->recording.frames;
    const std::int64_t groups = frames / sounds->stride;
    add(k_sounds, DType::float32, {frames, sounds->recording.spectrum.mels}, k_sounds_mask);
    add(k_sounds_mask, DType::boolean, {frames});
    add(k_sounds_at, DType::int64, {groups});
    if (sounds->mask_length > 0) {
      add(k_sounds_masked, DType::boolean, {groups});
      add(k_sounds_masked_frames, DType::boolean, {frames});
    }
  }
}

}  // namespace

std::vector<FieldSpec> specs_of(const FieldOptions& field, std::int64_t vocabulary) {
  std::vector<FieldSpec> with;
  FieldSpec spec;
  if (const FieldKind* own = field.own_kind()) {
    with = own->specs(field.name);
    spec = std::move(with.front());
    with.erase(with.begin());
  } else {
    spec = spec_of(field, vocabulary);
    if (!spec.mask.empty())
      with.push_back({spec.mask, DType::boolean, {spec.sizes.front()}, "", 0});
  }
  const auto add = [&](const char* suffix, std::vector<std::int64_t> sizes) {
    with.push_back({field.name + suffix, DType::boolean, std::move(sizes), "", 0});
  };
  if (const auto* document = std::get_if<DocumentOptions>(&field.kind)) {
    add_document_specs(field, *document, vocabulary, with);
  }
  if (std::holds_alternative<TokenMasking>(field.masking)) {
    add(k_masked, spec.sizes);
    // Losses and metrics that read the target count what was hidden: its mask says so.
    with.push_back(
        {field.name + k_target, DType::int64, spec.sizes, field.name + k_masked, spec.classes});
    ++spec.classes;  // the mask's id
  } else if (const auto* grid = std::get_if<PatchMasking>(&field.masking)) {
    add(k_masked, {grid->rows * grid->columns});
  } else if (const auto* spans = std::get_if<SpanMasking>(&field.masking)) {
    add(k_masked, {spec.sizes[0]});
    if (spans->band_probability > 0) add(k_masked_bands, {spec.sizes[1]});
  }
  if (const auto& tokens = field.visual_tokens) {
    const bool is_masked = std::holds_alternative<PatchMasking>(field.masking);
    with.push_back({field.name + k_tokens,
                    DType::int64,
                    {patches(field, tokens->patch)},
                    is_masked ? field.name + k_masked : "",
                    tokens->vocabulary});
  }
  if (field.is_optional) {
    add(k_present, {});
    if (spec.sizes.empty()) spec.mask = field.name + k_present;  // a class that may be no target
  }
  with.insert(with.begin(), spec);
  if (field.is_optional)
    for (FieldSpec& one : with) one.present = field.name + k_present;
  return with;
}

std::map<std::string, std::string> text_names(const DataOptions& options) {
  std::set<std::string> taken;
  for (const FieldSpec& spec : field_specs(options, std::int64_t{0})) taken.insert(spec.name);
  std::map<std::string, std::string> names;
  for (const FieldOptions& field : options.fields) {
    const std::string text = field.name + k_text, mask = field.name + k_text_mask;
    if (!std::holds_alternative<TextOptions>(field.kind)) continue;
    if (taken.contains(text) || taken.contains(mask)) continue;
    names[text] = names[mask] = field.name;
  }
  return names;
}

namespace {

/// Of texts that no batch holds unless it is asked for them.
void add_text_specs(const DataOptions& options, std::vector<FieldSpec>& specs) {
  for (const auto& [name, field] : text_names(options)) {
    const bool is_mask = name.ends_with(k_text_mask);
    const auto tokens = std::ranges::find(specs, field, &FieldSpec::name);
    specs.push_back({name,
                     is_mask ? DType::boolean : DType::uint8,
                     {-1},
                     is_mask ? "" : field + k_text_mask,
                     0,
                     tokens->present});
  }
  std::ranges::sort(specs, {}, &FieldSpec::name);
}

}  // namespace

std::vector<FieldSpec> field_specs(const std::string& data_json, const std::string& kept) {
  const DataOptions options = parse_data_options(data_json);
  if (!options.tokenizer) return field_specs(options, std::int64_t{0});  // there are no texts
  const TokenizerOptions& tokenizer = *options.tokenizer;
  const TokenizerSummary summary = tokenizer.file.empty()
                                       ? summary_of_training(tokenizer.training)
                                       : summary_of_file(kept.empty() ? tokenizer.file : kept);
  std::vector<FieldSpec> specs = field_specs(options, summary.vocabulary);
  for (const FieldOptions& field : options.fields) {
    if (!std::holds_alternative<TextOptions>(field.kind) &&
        !std::holds_alternative<DocumentOptions>(field.kind))
      continue;
    for (FieldSpec& spec : specs)
      for (const char* suffix : {"", k_target, k_next})
        if (spec.name == field.name + suffix) spec.special = summary.special;
  }
  add_text_specs(options, specs);
  return specs;
}

std::vector<FieldSpec> field_specs(const DataOptions& options, std::int64_t vocabulary) {
  std::vector<FieldSpec> specs;
  for (const FieldOptions& field : options.fields) {
    for (FieldSpec& spec : specs_of(field, vocabulary)) specs.push_back(std::move(spec));
  }
  std::ranges::sort(specs, {}, &FieldSpec::name);
  return specs;
}

}  // namespace weft::host
