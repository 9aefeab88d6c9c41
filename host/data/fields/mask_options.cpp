// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/mask_options.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/image/patch_options.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

constexpr int k_most = std::numeric_limits<int>::max();

TokenMasking token_masking(const Section& section) {
  TokenMasking masking;
  masking.probability = section.real("probability", 0.15, 0, 1);
  masking.whole_word = section.flag("whole_word");
  masking.mask = section.real("replace_prob", 0.8, 0, 1);
  masking.random = section.real("random_prob", 0.1, 0, 1);
  if (masking.mask + masking.random > 1 + 1e-6F) {
    section.refuse("random_prob", "replace_prob and random_prob to be at most 1 together");
  }
  return masking;
}

SpanMasking span_masking(const Section& section) {
  SpanMasking masking;
  masking.probability = section.real("probability", 0.065, 0, 1);
  masking.length = section.integer("length", 10, 1, 1'000'000);
  masking.band_probability = section.real("band_probability", 0, 0, 1);
  masking.band_length = section.integer("band_length", 8, 1, 4096);
  return masking;
}

}  // namespace

void read_mask_options(const Section& section, FieldOptions& field) {
  const auto* image = std::get_if<ImageOptions>(&field.kind);
  if (section.has("mask")) {
    const Section mask = section.inner("mask");
    if (image != nullptr) {
      field.masking = patch_masking(mask, *image, patch_of(mask, *image));
    } else if (std::holds_alternative<RecordingOptions>(field.kind)) {
      field.masking = span_masking(mask);
    } else if (field.has_tokens()) {
      field.masking = token_masking(mask);
    } else {
      section.refuse("mask", "it on image, log_mel, text and document fields only");
    }
  }
  if (section.has("visual_tokens")) {
    if (image == nullptr) section.fail("visual_tokens", "it on image fields only");
    const Section tokens = section.inner("visual_tokens");
    field.visual_tokens = {tokens.integer("vocab_size", std::nullopt, 2, 4096),
                           patch_of(tokens, *image)};
    const auto* grid = std::get_if<PatchMasking>(&field.masking);
    if (grid != nullptr && grid->rows * field.visual_tokens->patch != image->height) {
      tokens.refuse("patch", "the patch of the field's mask");
    }
  }
  field.is_optional = section.flag("optional");
  if (field.is_optional && field.exchange) {
    section.refuse("optional", "false, because the field has swap_within");
  }
  if (field.is_optional && std::holds_alternative<DocumentOptions>(field.kind)) {
    section.refuse("optional", "it at the parts of a document instead");
  }
}

JointMasking joint_masking(const Section& section, const std::vector<FieldOptions>& fields) {
  JointMasking joint;
  joint.fields = section.words("fields");
  if (joint.fields.empty()) section.fail("fields", "a list of at least one field");
  for (const std::string& name : joint.fields) {
    const auto field = std::ranges::find(fields, name, &FieldOptions::name);
    if (field == fields.end() || std::holds_alternative<std::monostate>(field->masking)) {
      section.refuse("fields",
                     concat("fields that have a mask, which ", name, " is not or has not"));
    }
    if (std::ranges::count(joint.fields, name) > 1) section.fail("fields", "each field once");
  }
  joint.visible = section.integer("visible", std::nullopt, 0, k_most);
  joint.alpha = section.real("alpha", 1, 0.01, 1000);
  return joint;
}

}  // namespace weft::host
