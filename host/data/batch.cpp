// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "host/data/augment.hpp"
#include "host/data/content.hpp"
#include "host/data/row_masking.hpp"

namespace weft::host {
namespace {

/// One field of one row: where it comes from and how it is changed.
struct Row {
  const Column& column;
  std::size_t example, sample;
  RandomSequence* random;  ///< null: as it is
};

/// [sizes…] for the field and for its mask, of one row.
struct Target {
  std::byte* values;
  bool* mask;
};

void fill(const ImageOptions& options, const Row& row, const Target& target) {
  const Array& feature = row.column.features[row.sample].values;
  auto* values = reinterpret_cast<float*>(target.values);
  if (row.random != nullptr) {
    augment_image(feature.data<float>(), values, options, *row.random);
  } else {
    std::copy_n(feature.data<float>(), feature.count(), values);
  }
}

void fill(const RecordingOptions& options, const Row& row, const Target& target) {
  const auto& [feature, frames] = row.column.features[row.sample];
  auto* values = reinterpret_cast<float*>(target.values);
  const std::int64_t mels = options.spectrum.mels, rows = feature.sizes[0];
  std::int64_t real = std::min<std::int64_t>(frames, options.frames);
  if (row.random != nullptr) {
    real = augment_recording(feature.data<float>(), rows, std::min(frames, rows), values, options,
                             *row.random);
  } else {
    const std::int64_t copied = std::min<std::int64_t>(rows, options.frames);
    float* const end = std::copy_n(feature.data<float>(), copied * mels, values);
    std::fill(end, values + options.frames * mels, 0.0F);
  }
  std::fill_n(target.mask, real, true);
  std::fill(target.mask + real, target.mask + options.frames, false);
}

void fill(const TextOptions& options, const Row& row, const Target& target) {
  const std::vector<std::int32_t>& ids = row.column.ids[row.example];
  auto* values = reinterpret_cast<std::int64_t*>(target.values);
  std::fill(std::copy(ids.begin(), ids.end(), values), values + options.length,
            std::int64_t{k_pad});
  std::fill_n(target.mask, ids.size(), true);
  std::fill(target.mask + ids.size(), target.mask + options.length, false);
}

void fill(const ClassOptions&, const Row& row, const Target& target) {
  *reinterpret_cast<std::int64_t*>(target.values) = row.column.classes[row.example];
}

/// What stands for a field that the sample lacks: zeros, which for a text are padding.
void fill_absent(const Array& values, const Array* masks, std::size_t rows, const Target& target) {
  std::memset(target.values, 0, values.byte_count() / rows);
  if (masks != nullptr) std::memset(target.mask, 0, masks->byte_count() / rows);
}

/// The sample that the row takes this field from.
std::size_t sample_of(const SplitContent& part, const Column& column, const Draw& draw,
                      RandomSequence& random) {
  if (!draw.origin || column.pools.empty()) return part.sample_of[draw.example];
  const std::vector<std::size_t>& pool = column.pools[column.pool_of[draw.example]];
  return pool[random.below(pool.size())];
}

}  // namespace

Batch assemble(const Dataset::Content& content, Split split, std::span<const Draw> draws) {
  const SplitContent& part = content.part(split);
  Batch batch;
  batch.size = static_cast<std::int64_t>(draws.size());
  for (const Draw& draw : draws) batch.keys.push_back(part.keys[draw.example]);
  for (const FieldSpec& spec : content.specs) {
    std::vector<std::int64_t> sizes = {batch.size};
    sizes.insert(sizes.end(), spec.sizes.begin(), spec.sizes.end());
    batch.fields.emplace(spec.name, Array::empty(spec.dtype, sizes));
  }
  for (std::size_t f = 0; f < content.options.fields.size(); ++f) {
    const FieldOptions& field = content.options.fields[f];
    const Column& column = part.columns[f];
    Array& values = batch.fields.at(field.name);
    Array* const masks = field.mask.empty() ? nullptr : &batch.fields.at(field.mask);
    const std::size_t rows = draws.size();
    for (std::size_t i = 0; i < rows; ++i) {
      const auto origin = draws[i].origin.value_or(std::array<std::uint64_t, 3>{});
      RandomSequence random({origin[0], origin[1], origin[2], f});
      const Row row{column, draws[i].example, sample_of(part, column, draws[i], random),
                    draws[i].origin ? &random : nullptr};
      const Target target{
          values.bytes.get() + i * (values.byte_count() / rows),
          masks != nullptr ? masks->data<bool>() + i * (masks->byte_count() / rows) : nullptr};
      const bool is_media = !column.features.empty();
      const bool is_present =
          column.present.empty() || column.present[is_media ? row.sample : row.example];
      if (field.is_optional) batch.fields.at(field.name + k_present).data<bool>()[i] = is_present;
      if (is_present) {
        std::visit([&](const auto& options) { fill(options, row, target); }, field.kind);
      } else {
        fill_absent(values, masks, rows, target);
      }
    }
  }
  for (std::size_t i = 0; i < draws.size(); ++i) {
    tokenize_row(content.options, content.visual_tokens, batch, static_cast<std::int64_t>(i));
    mask_row(content.options, content.masking, batch, static_cast<std::int64_t>(i),
             draws[i].origin.value_or(still_origin(draws[i].example)));
  }
  return batch;
}

}  // namespace weft::host
