// SPDX-License-Identifier: Apache-2.0
#include "host/data/field.hpp"

#include <algorithm>

#include "host/data/options.hpp"

namespace weft::host {
namespace {

FieldSpec spec_of(const FieldOptions& field, const DataOptions& options) {
  FieldSpec spec{field.name, DType::int64, {}, field.mask, 0};
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
    spec.classes = options.tokenizer->vocabulary;
  } else if (const auto* list = std::get_if<ClassOptions>(&field.kind)) {
    spec.classes = static_cast<std::int64_t>(list->classes.size());
  }
  return spec;
}

}  // namespace

std::vector<FieldSpec> field_specs(const std::string& data_json) {
  const DataOptions options = parse_data_options(data_json);
  std::vector<FieldSpec> specs;
  for (const FieldOptions& field : options.fields) {
    const FieldSpec spec = spec_of(field, options);
    specs.push_back(spec);
    if (!spec.mask.empty()) {
      specs.push_back({spec.mask, DType::boolean, {spec.sizes.front()}, "", 0});
    }
  }
  std::ranges::sort(specs, {}, &FieldSpec::name);
  return specs;
}

}  // namespace weft::host
