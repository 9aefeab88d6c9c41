// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/format_1.hpp"

#include <algorithm>

namespace weft::host {
namespace {

/// Where objects stand in one another; "*" is any key or element.
struct Inside {
  const char* area;
  const char* key;  ///< in format 2
  const char* leads_to;
};

constexpr Inside k_insides[] = {
    {"recipe", "data", "sections"},
    {"recipe", "graph", "nodes"},
    {"recipe", "losses", "nodes"},
    {"recipe", "metrics", "nodes"},
    {"recipe", "stages", "stages"},
    {"recipe", "evaluate", "evaluate"},
    {"sections", "*", "section"},
    {"section", "tokenizer", "tokenizer"},
    {"section", "fields", "fields"},
    {"fields", "*", "field"},
    {"field/image", "swap_within", "swap_within"},
    {"field/array", "swap_within", "swap_within"},
    {"field/log_mel", "swap_within", "swap_within"},
    {"field/video", "swap_within", "swap_within"},
    {"field/image", "mask", "patch_mask"},
    {"field/image", "visual_tokens", "visual_tokens"},
    {"field/text", "mask", "token_mask"},
    {"field/document", "mask", "token_mask"},
    {"field/document", "image", "document_image"},
    {"field/document", "audio", "document_audio"},
    {"document_image", "mask", "patch_mask"},
    {"nodes", "*", "node"},
    {"stages", "*", "stage"},
    {"stage", "schedule", "schedule"},
    {"evaluate", "generate", "generate"},
};

/// Words that a key takes.
struct WordRename {
  const char* area;
  const char* key;  ///< in format 2
  const char* before;
  const char* now;
};

constexpr WordRename k_words[] = {
    {"patch_mask", "shape", "blocks", "block"},
    {"patch_mask", "shape", "single", "random"},
};

const Value* kind_in(const Value* value) {
  const Value* kind = value == nullptr ? nullptr : value->find("kind");
  return kind != nullptr && kind->text() != nullptr ? kind : nullptr;
}

const Value* member(const Value* object, const std::string& key) {
  return object == nullptr ? nullptr : object->find(key);
}

}  // namespace

const std::vector<Rename>& renames() {
  static const std::vector<Rename> all = {
      {"recipe", "recipe", "format"},
      {"section", "each", "explode"},
      {"section", "where", "filter"},
      {"section", "bad_samples", "on_bad_sample"},
      {"tokenizer", "vocab", "vocab_size"},
      {"swap_within", "mine", "key"},
      {"swap_within", "theirs", "other_key"},
      {"field/image", "exchange", "swap_within"},
      {"field/array", "exchange", "swap_within"},
      {"field/image", "shift", "translate"},
      {"field/image", "scale", "zoom"},
      {"field/image", "draft", "dct_scaling"},
      {"field/log_mel", "exchange", "swap_within"},
      {"field/log_mel", "cut", "crop"},
      {"field/log_mel", "shift", "time_shift"},
      {"field/log_mel", "normalise", "normalize"},
      {"field/video", "exchange", "swap_within"},
      {"field/text", "length", "max_length"},
      {"field/text", "begin", "bos"},
      {"field/text", "end", "eos"},
      {"field/document", "length", "max_length"},
      {"field/document", "begin", "bos"},
      {"field/document", "end", "eos"},
      {"document_image", "shift", "translate"},
      {"document_image", "scale", "zoom"},
      {"document_image", "draft", "dct_scaling"},
      {"document_image", "most", "max_images"},
      {"document_audio", "cut", "crop"},
      {"document_audio", "shift", "time_shift"},
      {"document_audio", "normalise", "normalize"},
      {"document_audio", "stride", "frames_per_token"},
      {"document_audio", "most", "max_clips"},
      {"patch_mask", "share", "mask_ratio"},
      {"patch_mask", "smallest", "min_patches"},
      {"visual_tokens", "vocab", "vocab_size"},
      {"token_mask", "mask", "replace_prob"},
      {"token_mask", "random", "random_prob"},
      {"stage", "batch", "batch_size"},
      {"stage", "accumulate", "grad_accumulation"},
      {"stage", "minimise", "losses"},
      {"stage", "clip", "clip_norm"},
      {"stage", "measure", "metrics"},
      {"stage", "measure_every", "eval_every"},
      {"schedule", "final", "min_ratio"},
      {"evaluate", "batch", "batch_size"},
      {"evaluate", "by", "group_by"},
      {"generate", "length", "max_length"},
      // Of shipped parts; a part of somebody else may have a key of the old name.
      {"config", "inner", "ffn_dim"},
      {"config", "depth", "layers"},
      {"config", "joint_depth", "joint_layers"},
      {"config", "vocab", "vocab_size"},
      {"config", "length", "max_length"},
      {"config", "shift", "next_token"},
      {"config", "normalise", "normalize"},
      {"config", "stride", "frames_per_token"},
  };
  return all;
}

std::string area_inside(std::string_view area, const std::string& key, const Value* value,
                        const Value* base) {
  for (const Inside& inside : k_insides) {
    if (area != inside.area || (std::string_view(inside.key) != "*" && key != inside.key)) continue;
    if (std::string_view(inside.leads_to) != "field") return inside.leads_to;
    const Value* kind = kind_in(value) ? kind_in(value) : kind_in(base);
    return kind == nullptr ? "" : "field/" + *kind->text();
  }
  return "";
}

std::string name_in_format_2(std::string_view area, const std::string& key) {
  for (const Rename& rename : renames())
    if (area == rename.area && key == rename.before) return rename.now;
  return key;
}

void rename_words(Value& value, std::string_view area, const std::string& key) {
  for (const WordRename& word : k_words)
    if (value.text() != nullptr && area == word.area && key == word.key &&
        *value.text() == word.before) {
      value.data = std::string(word.now);
      return;
    }
}

void upgrade(Value& value, std::string_view area, const Value* base) {
  if (area.empty()) return;
  if (Value::List* list = value.list())
    for (Value& item : *list) upgrade(item, area_inside(area, "", &item), nullptr);
  if (value.object() == nullptr) return;
  for (Member& one : *value.object()) {
    const std::string now = name_in_format_2(area, one.key);
    // Both names in one object: the old one stays, which the schema does not know.
    if (now != one.key && value.find(now) == nullptr) one.key = now;
    const Value* below = member(base, one.key);
    rename_words(one.value, area, one.key);
    upgrade(one.value, area_inside(area, one.key, &one.value, below), below);
  }
  Value* format = area == k_recipe_area ? value.find("format") : nullptr;
  if (format != nullptr && format->integer() && *format->integer() == 1)
    format->data = std::int64_t{2};
}

}  // namespace weft::host
