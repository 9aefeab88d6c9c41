// SPDX-License-Identifier: Apache-2.0
/// One object of a data section, read key by key with bounds; every misfit is a sentence.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/data/options.hpp"

namespace weft::host {

using Json = nlohmann::json;

inline constexpr double k_large = 1e9;

/// What fails throws Error (bad_recipe) `PLACE/KEY: expected …, found ….`
class Section {
 public:
  /// The JSON must outlive the section.
  Section(const Json& json, std::string place);

  const std::string& place() const { return place_; }
  const Json& json() const { return json_; }

  /// A key whose value is null counts as left out.
  bool has(const char* key) const;

  /// The value of the key, null without it.
  const Json& at(const char* key) const;

  /// The section under this key.
  Section inner(const char* key) const { return {at(key), place_ + "/" + key}; }

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const;

  double number(const char* key, double fallback, double low, double high) const;
  float real(const char* key, double fallback, double low, double high) const {
    return static_cast<float>(number(key, fallback, low, high));
  }

  /// Without a fallback the key is required.
  int integer(const char* key, std::optional<int> fallback, int low, int high) const;

  bool flag(const char* key) const;
  std::string word(const char* key, const std::string& fallback) const;

  /// Texts as they are; true and false as JSON writes them, and numbers, which are whole without a
  /// fraction.
  std::vector<std::string> words(const char* key) const;

  /// `text`, which stands under `key`, as the name of a member, or several: `jpg;jpeg;png`.
  std::string members(const char* key, const std::string& text) const;

  /// `text`, which stands under `key`, as a well-formed JSON pointer.
  std::string pointer(const char* key, const std::string& text) const;

 private:
  const Json& json_;
  std::string place_;
};

/// `1` of the text `1.0`, as a sample's JSON comes; other texts as they are.
std::string plain_number(const std::string& text);

// What the kinds of fields read from their sections.
ImageOptions image_options(const Section& section);
RecordingOptions recording_options(const Section& section);
VideoOptions video_options(const Section& section);
TextOptions text_options(const Section& section);
ClassOptions class_options(const Section& section);
DocumentOptions document_options(const Section& section);
TokenizerOptions tokenizer_options(const Section& section);

/// The edge of the patches under `patch`, which divides the picture.
int patch_of(const Section& section, const ImageOptions& image);

/// @param section  a picture's mask
PatchMasking patch_masking(const Section& section, const ImageOptions& image, int patch);

/// What the cached feature depends on: the member and the options of its decoding, not those of
/// augmentation, which is done anew for every batch.
std::string feature_key(const Json& field, const Source& source);

/// Reads `mask`, `visual_tokens` and `optional` of a field whose kind is known.
void read_mask_options(const Section& section, FieldOptions& field);

/// @param fields  with their own masks read
JointMasking joint_masking(const Section& section, const std::vector<FieldOptions>& fields);

}  // namespace weft::host
