// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/row_masking.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "host/base/text.hpp"
#include "host/data/batch/batch_row.hpp"

namespace weft::host {
namespace {

/// Keeps what masking draws apart from what augmentation draws from the same origin.
constexpr std::uint64_t k_of_masks = 0x6d61736b;

/// One row of a batch by the names of its fields.
class Row {
 public:
  Row(Batch& batch, std::size_t row) : batch_(batch), row_(row) {}

  template <class T>
  std::span<T> at(const std::string& name) const {
    return row_of<T>(batch_, name, row_);
  }
  std::span<bool> masked(const FieldOptions& field) const {
    return at<bool>(field.name + k_masked);
  }

  /// The positions of a field that may be hidden, as flags in `eligible`.
  void find_eligible(const FieldOptions& field, const MaskingVocabulary& vocabulary,
                     std::span<bool> eligible) const {
    if (std::holds_alternative<TokenMasking>(field.masking)) {
      std::ranges::transform(at<std::int64_t>(field.name), eligible.begin(), [&](std::int64_t id) {
        return std::ranges::binary_search(vocabulary.ordinary, id);
      });
    } else if (std::holds_alternative<SpanMasking>(field.masking)) {
      std::ranges::copy(at<bool>(field.mask), eligible.begin());
    } else {
      std::ranges::fill(eligible, is_present(field));
    }
  }

  bool is_present(const FieldOptions& field) const {
    return !field.is_optional || at<bool>(field.name + k_present)[0];
  }

 private:
  Batch& batch_;
  std::size_t row_;
};

/// By the field's own options.
void hide(const FieldOptions& field, const MaskingVocabulary& vocabulary, const Row& row,
          RandomSequence& random) {
  const std::span<bool> masked = row.masked(field);
  if (const auto* tokens = std::get_if<TokenMasking>(&field.masking)) {
    choose_tokens(row.at<std::int64_t>(field.name), masked, *tokens, vocabulary, random);
  } else if (const auto* grid = std::get_if<PatchMasking>(&field.masking)) {
    hide_patches(masked, *grid, random);
    if (!row.is_present(field)) std::ranges::fill(masked, false);
  } else if (const auto* spans = std::get_if<SpanMasking>(&field.masking)) {
    hide_spans(masked, spans->probability, spans->length, random);
    const std::span<const bool> real = row.at<bool>(field.mask);
    for (std::size_t t = 0; t < masked.size(); ++t) masked[t] = masked[t] && real[t];
  }
}

/// So that the fields of the joint mask share what is visible.
void hide_jointly(const DataOptions& options, const MaskingVocabulary& vocabulary, const Row& row,
                  RandomSequence& random) {
  const JointMasking& joint = *options.joint_masking;
  std::vector<std::unique_ptr<bool[]>> eligible;
  std::vector<std::span<bool>> masked;
  std::vector<std::int64_t> lengths;
  for (const std::string& name : joint.fields) {
    const auto field = std::ranges::find(options.fields, name, &FieldOptions::name);
    masked.push_back(row.masked(*field));
    eligible.push_back(std::make_unique<bool[]>(masked.back().size()));
    const std::span<bool> flags(eligible.back().get(), masked.back().size());
    row.find_eligible(*field, vocabulary, flags);
    lengths.push_back(std::ranges::count(flags, true));
  }
  const auto visible = share_budget(lengths, joint.visible, joint.alpha, random);
  for (std::size_t m = 0; m < masked.size(); ++m) {
    const std::span<const bool> flags(eligible[m].get(), masked[m].size());
    // With nothing eligible, nothing is chosen; an empty span would stand for everything.
    choose_positions(masked[m], flags, lengths[m] - visible[m], random);
  }
}

/// Hides patches and groups of a document that stand in its sequence.
void hide_media(const FieldOptions& field, const DocumentOptions& options, const Row& row,
                RandomSequence random) {
  const bool hides_patches = options.pictures && options.pictures->masking;
  const bool hides_groups = options.sounds && options.sounds->mask_length > 0;
  if (!hides_patches && !hides_groups) return;
  std::set<std::int64_t> stands;  // patches from 1 up, groups from -1 down
  for (const std::int64_t source : row.at<std::int64_t>(field.name + k_source)) {
    stands.insert(source);
  }
  if (hides_patches) {
    const auto& pictures = options.pictures;
    const auto patches = static_cast<std::size_t>(pictures->patches());
    for (std::size_t m = 0; m < static_cast<std::size_t>(pictures->most); ++m) {
      const auto masked =
          row.at<bool>(field.name + k_pictures_masked).subspan(m * patches, patches);
      hide_patches(masked, *pictures->masking, random);
      if (!stands.contains(static_cast<std::int64_t>(1 + m * patches))) {
        std::ranges::fill(masked, false);
      }
    }
  }
  if (hides_groups) {
    const auto& sounds = options.sounds;
    const std::span<bool> masked = row.at<bool>(field.name + k_sounds_masked);
    const auto groups = static_cast<std::size_t>(sounds->groups());
    for (std::size_t first = 0; first < masked.size(); first += groups) {
      hide_spans(masked.subspan(first, groups), sounds->mask_probability, sounds->mask_length,
                 random);
    }
    for (std::size_t j = 0; j < masked.size(); ++j) {
      masked[j] = masked[j] && stands.contains(-1 - static_cast<std::int64_t>(j));
    }
    const std::span<const bool> real = row.at<bool>(field.name + k_sounds_mask);
    const std::span<bool> frames = row.at<bool>(field.name + k_sounds_masked_frames);
    const auto stride = static_cast<std::size_t>(sounds->stride);
    for (std::size_t t = 0; t < frames.size(); ++t) frames[t] = masked[t / stride] && real[t];
  }
}

}  // namespace

std::array<std::uint64_t, 3> still_origin(const std::string& key) {
  return {0x6576616c, 0, stable_hash(key)};
}

void mask_row(const DataOptions& options, const MaskingVocabulary& vocabulary, Batch& batch,
              std::size_t row_index, const std::array<std::uint64_t, 3>& origin) {
  const Row row(batch, row_index);
  const auto sequence = [&](std::size_t field) {
    return RandomSequence({origin[0], origin[1], origin[2], field, k_of_masks});
  };
  if (options.joint_masking) {
    RandomSequence random = sequence(options.fields.size());
    hide_jointly(options, vocabulary, row, random);
  }
  for (std::size_t f = 0; f < options.fields.size(); ++f) {
    const FieldOptions& field = options.fields[f];
    if (const auto* document = std::get_if<DocumentOptions>(&field.kind)) {
      hide_media(field, *document, row, sequence(options.fields.size() + 1 + f));
    }
    if (std::holds_alternative<std::monostate>(field.masking)) continue;
    RandomSequence random = sequence(f);
    const bool is_joint =
        options.joint_masking && std::ranges::count(options.joint_masking->fields, field.name) > 0;
    if (!is_joint) hide(field, vocabulary, row, random);
    if (const auto* spans = std::get_if<SpanMasking>(&field.masking);
        spans != nullptr && spans->band_probability > 0) {
      hide_spans(row.at<bool>(field.name + k_masked_bands), spans->band_probability,
                 spans->band_length, random);
    }
    if (const auto* tokens = std::get_if<TokenMasking>(&field.masking)) {
      const std::span<std::int64_t> ids = row.at<std::int64_t>(field.name);
      std::ranges::copy(ids, row.at<std::int64_t>(field.name + k_target).begin());
      corrupt_tokens(ids, row.masked(field), *tokens, vocabulary, random);
    }
  }
}

void tokenize_row(const DataOptions& options, const std::map<std::string, VisualTokens>& tokens,
                  Batch& batch, std::size_t row_index) {
  const Row row(batch, row_index);
  for (const FieldOptions& field : options.fields) {
    if (!field.visual_tokens) continue;
    const std::span<const float> picture = row.at<float>(field.name);
    const std::vector<float> patches =
        cut_patches(picture.data(), std::get<ImageOptions>(field.kind), field.visual_tokens->patch);
    tokens.at(field.name).encode(patches, row.at<std::int64_t>(field.name + k_tokens));
  }
}

}  // namespace weft::host
