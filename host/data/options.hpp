// SPDX-License-Identifier: Apache-2.0
/// The data section of a recipe as plain structures. The recipe's schema has already judged the
/// values; what is checked here is what would otherwise crash or fill the memory.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "host/data/masking.hpp"
#include "host/data/tokenizer_training.hpp"

namespace weft::host {

/// The three parts of a data set; the recipe calls them `train`, `val` and `test`.
enum class Split : std::size_t { train, val, test };
inline constexpr std::array k_splits = {Split::train, Split::val, Split::test};
const char* split_name(Split split);

/// Where a value of an example is found: `/question` is a JSON pointer into the sample's JSON,
/// `png` is the member KEY.png.
struct Source {
  std::string text;
  bool is_pointer() const { return text.starts_with('/'); }
};

/// A training stream takes the field from any training sample whose value at `theirs` equals this
/// example's value at `mine`. Both are JSON pointers.
struct Exchange {
  std::string mine, theirs;
};

/// How pictures are brought to their size: FFmpeg's mean over each pixel's area, or resample().
enum class Resize { area, bilinear, bicubic };

/// What becomes of another ratio of the sides: stretched, cut off, or filled up.
enum class Fit { stretch, crop, pad };

/// A random part of the picture: torchvision's RandomResizedCrop.
struct CropOptions {
  std::array<float, 2> scale{};  ///< its area, as a part of the picture's
  std::array<float, 2> ratio{};  ///< its width by its height
};

/// torchvision's RandAugment: so many operations, each of this magnitude (0 to 30).
struct RandAugmentOptions {
  int operations = 0, magnitude = 0;
};

/// A picture -> float32 [channels, height, width], (pixel / 255 - mean) / std.
struct ImageOptions {
  int height = 0, width = 0, channels = 1;
  std::vector<float> mean, std;  ///< one per channel
  Resize resize = Resize::area;
  Fit fit = Fit::stretch;
  bool draft = false;                        ///< decodes large JPEGs at a part of their size
  std::array<std::uint8_t, 3> background{};  ///< behind what is transparent, and where `pad` fills

  // While training only:
  std::optional<CropOptions> crop;
  float flip = 0, flip_vertical = 0;                            ///< probabilities
  float brightness = 0, contrast = 0, saturation = 0, hue = 0;  ///< torchvision's ColorJitter
  RandAugmentOptions rand_augment;
  float shift = 0, rotate = 0, scale = 0;  ///< ± pixels, ± degrees, ± part of the size
};

/// Which definition of the spectrum; the formulas stand in log_mel.hpp.
enum class LogMelForm { torchaudio, whisper };

/// The spectrum of a recording.
struct LogMelOptions {
  int rate = 0;    ///< samples per second; recordings are resampled to it
  int fft = 0;     ///< samples per transform, a multiple of 4; the fastest have no prime above 5
  int window = 0;  ///< samples under the Hann window, at most `fft`
  int hop = 0;     ///< samples from one frame to the next
  int mels = 0;
  double low_hz = 0, high_hz = 0;
  LogMelForm form = LogMelForm::torchaudio;
  bool is_precise = false;  ///< in double precision, as presets and sizes but powers of two are

  bool operator==(const LogMelOptions&) const = default;
};

/// What becomes of several channels. A recording of one channel is left and right alike.
enum class Channel { mean, left, right };

/// Which part of a longer recording stays.
enum class Cut {
  end,     ///< the first frames; the end is cut off
  middle,  ///< the middle; of an odd number of frames one more is cut off before than behind
  random,  ///< anywhere while training, otherwise as `end`
};

/// A recording -> float32 [frames, mels], (log mel power - mean) / std, and a mask [frames].
struct RecordingOptions {
  LogMelOptions spectrum;
  int frames = 0;
  float mean = 0, std = 1;
  bool per_mel = false;  ///< each band by its own mean and deviation, instead of by mean and std
  Channel channel = Channel::mean;
  float trim_db =
      0;  ///< the silence of trimmed_silence() before and behind is left out; 0: none is
  Cut cut = Cut::end;
  int shift = 0;                      ///< ± frames
  int time_mask = 0, mel_mask = 0;    ///< widest mask in frames and in bands
  int time_masks = 1, mel_masks = 1;  ///< how many of them
  float time_mask_part = 1;           ///< no mask is wider than this part of the recording
  float noise = 0;                    ///< standard deviation, in units after `std`
};

/// A video -> float32 [frames, channels, height, width], each picture as ImageOptions says and
/// without its augmentation, and a mask [frames]. Which pictures, video.hpp says.
struct VideoOptions {
  ImageOptions picture;
  int frames = 0;
  double fps = 0;  ///< pictures per second, or 0: evenly over the whole video
};

/// A text -> int64 [length] token ids, and a mask [length].
struct TextOptions {
  int length = 0;
  bool begin = false, end = false;  ///< whether the tokenizer's begin and end ids are put
};

/// A word out of a closed list, or a whole number out of a range -> int64 [] index into it.
struct ClassOptions {
  std::vector<std::string> classes;
  std::optional<std::int64_t> first;                         ///< of a range: its lowest number
  std::map<std::string, std::int64_t, std::less<>> indices;  ///< of a list: by class

  /// Blanks around a value do not count, nor do zeros before a number of a range.
  std::optional<std::int64_t> index_of(std::string_view value) const;
};

/// Any value -> int64 [], the same number for the same text: 53 bits of its hash, so that float64
/// holds it. Of a million values, two share a number with a chance of 1 to 18,000.
struct GroupOptions {};

/// Spans of a spectrum's frames, and of its bands for the whole recording; see hide_spans().
struct SpanMasking {
  float probability = 0, band_probability = 0;
  int length = 0, band_length = 0;
};

/// Patches as numbers of the nearest of `vocabulary` centroids; see visual_tokens.hpp.
struct VisualTokenOptions {
  int vocabulary = 0, patch = 0;
};

/// A part of a document: a text, or a member that holds a picture or a recording.
struct DocumentPart {
  enum class Kind { text, picture, sound };
  Kind kind = Kind::text;
  std::string value;         ///< the member; of a text its Source, or what document_parts() found
  bool is_optional = false;  ///< left out where the sample lacks it
};

/// The pictures of a row of documents, one below the other.
struct DocumentPictures {
  ImageOptions image;
  int most = 1;  ///< in a row
  int patch = 1;
  std::optional<PatchMasking> masking;  ///< of each
  std::string feature_key;              ///< as FieldOptions::feature_key, but for the member
  int patches() const { return image.height / patch * (image.width / patch); }  ///< of one
};

/// The recordings of a row of documents, one behind the other.
struct DocumentSounds {
  RecordingOptions recording;
  int most = 1;                ///< in a row
  int stride = 1;              ///< frames that share a place, a group
  float mask_probability = 0;  ///< of each group to begin a span that is hidden
  int mask_length = 0;         ///< groups of a span; 0: none is hidden
  std::string feature_key;
  int groups() const { return recording.frames / stride; }  ///< most of one
};

/// Texts, pictures and recordings as one sequence; document.hpp says what a batch holds of them.
struct DocumentOptions {
  int length = 0;
  bool begin = false, end = false;  ///< around each document
  bool is_packed = false;           ///< while training, a row holds as many documents as fit
  bool has_next = false;            ///< gives the next token as a target
  std::vector<DocumentPart> parts;  ///< the same for all samples; none: the list at the source
  std::optional<DocumentPictures> pictures;
  std::optional<DocumentSounds> sounds;
};

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
               GroupOptions, DocumentOptions>
      kind;
  std::variant<std::monostate, TokenMasking, PatchMasking, SpanMasking> masking;
  std::optional<VisualTokenOptions> visual_tokens;
  bool is_optional = false;  ///< samples may lack it

  /// A picture, recording or video: decoded from a member. The others are read as text.
  bool is_media() const {
    return std::holds_alternative<ImageOptions>(kind) ||
           std::holds_alternative<RecordingOptions>(kind) ||
           std::holds_alternative<VideoOptions>(kind);
  }

  /// A text or a document: ids of the tokenizer.
  bool has_tokens() const {
    return std::holds_alternative<TextOptions>(kind) ||
           std::holds_alternative<DocumentOptions>(kind);
  }

  /// What a row reads of the sample as text: values at pointers, and members.
  std::vector<std::string> text_sources() const;

  std::string feature_key;  ///< equal for fields whose cached features are equal
};

struct TokenizerOptions {
  std::string file;            ///< a model that is there, or empty
  TokenizerTraining training;  ///< or how it is trained
  std::vector<Source> texts;   ///< what it learns from then, in the training part
};

/// One of several sources of the training part.
struct BlendOptions {
  std::vector<std::string> shards;
  double weight = 1;  ///< its part of the examples, in relation to the other weights
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

/// @throws Error (bad_recipe) naming the field, the key, what was expected and what was found
DataOptions parse_data_options(const std::string& data_json);

}  // namespace weft::host
