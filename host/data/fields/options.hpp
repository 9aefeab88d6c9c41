// SPDX-License-Identifier: Apache-2.0
/// The data section of a recipe as plain structures. The recipe's schema has already judged the
/// values; what is checked here is what would otherwise crash or fill the memory.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/data/audio/audio_options.hpp"
#include "host/data/document/document_options.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/masking/masking.hpp"
#include "host/data/section/section.hpp"
#include "host/data/text/text_options.hpp"
#include "host/data/video/video_options.hpp"

namespace weft::host {

/// The three parts of a data set; the recipe calls them `train`, `val` and `test`.
enum class Split : std::size_t { train, val, test };
inline constexpr std::array k_splits = {Split::train, Split::val, Split::test};
const char* split_name(Split split);

/// A training stream takes the field from any training sample whose value at `theirs` equals this
/// example's value at `mine`. Both are JSON pointers.
struct Exchange {
  std::string mine, theirs;
};

class FieldKind;

/// Fields share what is visible; see share_budget().
struct JointMasking {
  std::vector<std::string> fields;
  std::int64_t visible = 0;
  float alpha = 1;
};

/// What is appended to a field's name for the fields that come with it.
inline constexpr const char* k_masked = "_masked";              ///< bool: hidden
inline constexpr const char* k_masked_bands = "_masked_bands";  ///< bool [mels]: hidden
inline constexpr const char* k_target = "_target";              ///< ids before masking
inline constexpr const char* k_tokens = "_tokens";              ///< visual tokens
inline constexpr const char* k_present = "_present";            ///< bool []: the sample has it
inline constexpr const char* k_text = "_text";                  ///< UTF-8 of a text
inline constexpr const char* k_text_mask = "_text_mask";        ///< bool: a byte of it
// Of a document; see document.hpp:
inline constexpr const char* k_position = "_position";
inline constexpr const char* k_document = "_document";
inline constexpr const char* k_source = "_source";
inline constexpr const char* k_next = "_next";
inline constexpr const char* k_next_mask = "_next_mask";
inline constexpr const char* k_pictures = "_pictures";
inline constexpr const char* k_pictures_at = "_pictures_at";
inline constexpr const char* k_pictures_masked = "_pictures_masked";
inline constexpr const char* k_sounds = "_sounds";
inline constexpr const char* k_sounds_mask = "_sounds_mask";
inline constexpr const char* k_sounds_at = "_sounds_at";
inline constexpr const char* k_sounds_masked = "_sounds_masked";
inline constexpr const char* k_sounds_masked_frames = "_sounds_masked_frames";

struct FieldOptions {
  std::string name;
  Source source;
  std::string mask;  ///< the paired mask field, or empty
  std::optional<Exchange> exchange;
  std::variant<ImageOptions, RecordingOptions, VideoOptions, TextOptions, ClassOptions,
               DocumentOptions, std::shared_ptr<const FieldKind>>
      kind;
  std::variant<std::monostate, TokenMasking, PatchMasking, SpanMasking> masking;
  std::optional<VisualTokenOptions> visual_tokens;
  bool is_optional = false;  ///< samples may lack it

  /// The field's kind where it is a FieldKind, else null.
  const FieldKind* own_kind() const;

  /// A picture, recording, video or array: decoded from a member. The others are read as text.
  bool is_media() const;

  /// A text or a document: ids of the tokenizer.
  bool has_tokens() const {
    return std::holds_alternative<TextOptions>(kind) ||
           std::holds_alternative<DocumentOptions>(kind);
  }

  /// What a row reads of the sample as text: values at pointers, and members.
  std::vector<std::string> text_sources() const;

  std::string feature_key;  ///< equal for fields whose cached features are equal
};

/// One of several sources of the training part.
struct BlendOptions {
  std::vector<std::string> shards;
  double weight = 1;  ///< its part of the examples, in relation to the other weights
};

/// Examples of shards/train that are held out of training: each group by a random number that
/// follows from the seed and the group alone, so about these shares of the groups.
struct SplitOptions {
  double val = 0, test = 0;
  std::uint64_t seed = 0;
  std::string by;  ///< pointer to what makes a group, such as a speaker; empty: the sample's key

  /// Where a group goes.
  Split of(std::string_view group) const;
  bool makes(Split split) const {
    return split == Split::train || (split == Split::val ? val : test) > 0;
  }
};

/// The order of the training examples.
struct OrderOptions {
  bool is_shuffled = true;
  /// 0: all examples among themselves; else shards, and then each run of so many examples.
  std::uint64_t buffer = 0;
};

/// How batches are made ready; none of it changes what they hold.
struct LoadingOptions {
  int workers = 0;              ///< threads; 0: one for each core
  int threads() const;          ///< workers, or as many as there are cores
  int prefetch = 4;             ///< batches made ahead
  std::size_t cache_bytes = 0;  ///< for decoded pictures and recordings
};

struct DataOptions {
  std::array<std::vector<std::string>, k_splits.size()> shards;
  std::optional<SplitOptions> split;
  std::vector<BlendOptions> blend;  ///< instead of the shards of `train`
  bool is_streamed = false;  ///< shards are read from front to back, and not listed at opening
  std::string each;          ///< pointer to a list, or empty
  std::map<std::string, std::set<std::string>> where;  ///< pointer -> accepted values
  std::optional<TokenizerOptions> tokenizer;
  std::vector<FieldOptions> fields;
  std::optional<JointMasking> joint_masking;
  OrderOptions order;
  std::optional<double> bad_share;  ///< how many samples may be set aside; none: an error each
  LoadingOptions loading;
  /// The field of packed documents, then the only one; null where rows hold an example each.
  const FieldOptions* packed() const;

  std::string identity;  ///< the section as JSON without paths and what does not change batches
};

/// The text fields by the names under which metrics read the texts themselves: "answer_text" and
/// "answer_text_mask" are of "answer". Names that fields or their companions have are left to them.
std::map<std::string, std::string> text_names(const DataOptions& options);

/// @throws Error (bad_recipe) naming the field, the key, what was expected and what was found
DataOptions parse_data_options(const std::string& data_json);

}  // namespace weft::host
