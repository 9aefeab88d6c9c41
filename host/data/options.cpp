// SPDX-License-Identifier: Apache-2.0
#include "host/data/options.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// One object of the section, read key by key with bounds.
class Section {
 public:
  Section(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json_.is_object()) fail("", "an object");
  }

  const std::string& place() const { return place_; }
  bool has(const char* key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  const Json& at(const char* key) const {
    static const Json nothing;
    return has(key) ? json_.at(key) : nothing;
  }

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    const Json& found = key.empty() ? json_ : at(key.c_str());
    throw Error(Exit::bad_recipe, concat(place_, key.empty() ? "" : "/", key, ": expected ",
                                         expected, ", found ", found.dump(), "."));
  }

  double number(const char* key, double fallback, double low, double high) const {
    if (!has(key)) return fallback;
    const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
    if (!(value >= low && value <= high)) fail(key, concat("a number from ", low, " to ", high));
    return value;
  }

  float real(const char* key, double fallback, double low, double high) const {
    return static_cast<float>(number(key, fallback, low, high));
  }

  /// Without a fallback the key is required.
  int integer(const char* key, std::optional<int> fallback, int low, int high) const {
    if (!has(key) && fallback) return *fallback;
    const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
    if (!(value >= low && value <= high && value == std::floor(value))) {
      fail(key, concat("a whole number from ", low, " to ", high));
    }
    return static_cast<int>(value);
  }

  bool flag(const char* key) const {
    if (has(key) && !at(key).is_boolean()) fail(key, "true or false");
    return has(key) && at(key).get<bool>();
  }

  std::string word(const char* key, const std::string& fallback) const {
    if (!has(key)) return fallback;
    if (!at(key).is_string()) fail(key, "a text");
    return at(key).get<std::string>();
  }

  /// Texts as they are; numbers, true and false as JSON writes them.
  std::vector<std::string> words(const char* key) const {
    std::vector<std::string> words;
    if (!has(key)) return words;
    if (!at(key).is_array()) fail(key, "a list");
    for (const Json& item : at(key)) {
      if (item.is_structured() || item.is_null()) fail(key, "a list of texts or numbers");
      words.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    }
    return words;
  }

 private:
  const Json& json_;
  std::string place_;
};

constexpr double k_large = 1e9;

/// A well-formed JSON pointer; `key` is the key that holds it.
std::string pointer(const Section& section, const char* key, const std::string& text) {
  try {
    if (text.starts_with('/')) return Json::json_pointer(text).to_string();
  } catch (const Json::exception&) {
    // Malformed escapes get the same sentence as a missing slash.
  }
  section.fail(key, "a JSON pointer such as /question");
}

Source field_source(const Section& section, const char* default_member) {
  if (section.has("pointer")) return {pointer(section, "pointer", section.word("pointer", ""))};
  const std::string member = section.word("member", default_member);
  if (member.empty() || member.starts_with('/')) section.fail("member", "a member such as png");
  return {member};
}

std::optional<Exchange> exchange(const Section& section) {
  if (!section.has("exchange")) return std::nullopt;
  if (section.at("exchange").is_string()) {
    const std::string both = pointer(section, "exchange", section.word("exchange", ""));
    return Exchange{both, both};
  }
  const Section pair(section.at("exchange"), section.place() + "/exchange");
  return Exchange{pointer(pair, "mine", pair.word("mine", "")),
                  pointer(pair, "theirs", pair.word("theirs", ""))};
}

/// One number for all channels, or one per channel.
std::vector<float> per_channel(const Section& section, const char* key, double fallback,
                               int channels) {
  const auto count = static_cast<std::size_t>(channels);
  if (!section.at(key).is_array()) {
    return std::vector<float>(count, section.real(key, fallback, -k_large, k_large));
  }
  std::vector<float> values;
  for (const Json& item : section.at(key)) {
    if (!item.is_number()) section.fail(key, "a number per channel");
    values.push_back(item.get<float>());
  }
  if (values.size() != count) section.fail(key, concat(channels, " numbers, one per channel"));
  return values;
}

ImageOptions image(const Section& section) {
  ImageOptions image;
  const Json& size = section.at("size");
  const auto is_side = [](const Json& side) {
    return side.is_number_integer() && side.get<double>() >= 1 && side.get<double>() <= 8192;
  };
  if (!size.is_array() || size.size() != 2 || !is_side(size[0]) || !is_side(size[1])) {
    section.fail("size", "[height, width], each from 1 to 8192");
  }
  image.height = size[0].get<int>();
  image.width = size[1].get<int>();
  image.channels = section.integer("channels", 1, 1, 3);
  if (image.channels == 2) section.fail("channels", "1 (grey) or 3 (colour)");
  image.mean = per_channel(section, "mean", 0, image.channels);
  image.std = per_channel(section, "std", 1, image.channels);
  for (const float std : image.std) {
    if (!(std > 0)) section.fail("std", "numbers above 0");
  }
  image.shift = section.real("shift", 0, 0, 8192);
  image.rotate = section.real("rotate", 0, 0, 180);
  image.scale = section.real("scale", 0, 0, 0.5);
  return image;
}

/// The preset `whisper`: everything but the number of bands is fixed.
LogMelOptions whisper(const Section& section) {
  const auto require_neutral = [&](const char* key, double neutral) {
    if (!section.has(key) || section.at(key) == Json(neutral)) return;
    section.fail(key, "it left out, because the preset whisper fixes it");
  };
  for (const char* key : {"rate", "fft", "window", "hop"}) require_neutral(key, std::nan(""));
  for (const char* key : {"low_hz", "high_hz", "mean"}) require_neutral(key, 0);
  require_neutral("std", 1);
  if (section.word("normalise", "none") != "none") require_neutral("normalise", std::nan(""));
  const int mels = section.integer("mels", 80, 1, 4096);
  if (mels != 80 && mels != 128) section.fail("mels", "80 or 128 with the preset whisper");
  return {16000, 400, 400, 160, mels, 0, 8000, LogMelForm::whisper, true};
}

LogMelOptions spectrum_of(const Section& section) {
  const std::string preset = section.word("preset", "");
  if (preset == "whisper") return whisper(section);
  const bool has_preset = preset == "torchaudio";
  if (!preset.empty() && !has_preset) section.fail("preset", "torchaudio or whisper");
  // The defaults of torchaudio.transforms.MelSpectrogram.
  const auto standard = [&](int value) { return has_preset ? std::optional(value) : std::nullopt; };
  LogMelOptions spectrum;
  spectrum.is_precise = has_preset;
  spectrum.rate = section.integer("rate", standard(16000), 1000, 384000);
  spectrum.fft = section.integer("fft", standard(400), 16, 65536);
  if (spectrum.fft % 4 != 0) section.fail("fft", "a multiple of 4");
  spectrum.window = section.integer("window", spectrum.fft, 1, spectrum.fft);
  spectrum.hop = section.integer("hop", standard(std::max(spectrum.window / 2, 1)), 1, 65536);
  spectrum.mels = section.integer("mels", standard(128), 1, 4096);
  const double half_rate = spectrum.rate / 2.0;
  spectrum.high_hz = section.number("high_hz", 0, 0, half_rate);
  if (spectrum.high_hz == 0) spectrum.high_hz = half_rate;
  spectrum.low_hz = section.number("low_hz", 0, 0, spectrum.high_hz);
  if (spectrum.low_hz == spectrum.high_hz) section.fail("low_hz", "a number below high_hz");
  return spectrum;
}

RecordingOptions recording(const Section& section) {
  RecordingOptions recording;
  recording.spectrum = spectrum_of(section);
  const LogMelOptions& spectrum = recording.spectrum;
  // Whisper's silence is computed like sound, so its length has the limit of recordings.
  const int longest = spectrum.form == LogMelForm::whisper ? 60'000 : 1'000'000;
  recording.frames = section.integer("frames", std::nullopt, 1, longest);
  recording.mean = section.real("mean", 0, -k_large, k_large);
  recording.std = section.real("std", 1, 1e-6, k_large);
  const std::string normalise = section.word("normalise", "none");
  recording.per_mel = normalise == "per_mel";
  if (!recording.per_mel && normalise != "none") section.fail("normalise", "none or per_mel");
  if (recording.per_mel && recording.mean != 0) section.fail("mean", "0 with normalise per_mel");
  if (recording.per_mel && recording.std != 1) section.fail("std", "1 with normalise per_mel");
  recording.shift = section.integer("shift", 0, 0, recording.frames);
  recording.time_mask = section.integer("time_mask", 0, 0, recording.frames);
  recording.mel_mask = section.integer("mel_mask", 0, 0, spectrum.mels);
  recording.time_masks = section.integer("time_masks", 1, 0, 1000);
  recording.mel_masks = section.integer("mel_masks", 1, 0, 1000);
  recording.time_mask_part = section.real("time_mask_part", 1, 0, 1);
  recording.noise = section.real("noise", 0, 0, k_large);
  return recording;
}

TextOptions text(const Section& section) {
  TextOptions text;
  text.begin = section.flag("begin");
  text.end = section.flag("end");
  text.length = section.integer("length", std::nullopt, 1 + text.begin + text.end, 1'000'000);
  return text;
}

ClassOptions closed_list(const Section& section) {
  ClassOptions list{section.words("classes")};
  if (list.classes.empty()) section.fail("classes", "a list of at least one class");
  if (std::set(list.classes.begin(), list.classes.end()).size() != list.classes.size()) {
    section.fail("classes", "each class once");
  }
  return list;
}

/// What the cached feature depends on: the member and the options of its decoding, not those of
/// augmentation, which is done anew for every batch.
std::string feature_key(const Json& field, const Source& source) {
  Json key = {{"source", source.text}};
  for (const char* name : {"kind", "size", "channels", "mean", "std", "normalise", "preset", "rate",
                           "fft", "window", "hop", "mels", "low_hz", "high_hz", "frames"}) {
    if (field.contains(name)) key[name] = field.at(name);
  }
  return key.dump();
}

FieldOptions field(const std::string& name, const Json& json) {
  const Section section(json, concat("data field ", name));
  FieldOptions field;
  field.name = name;
  const std::string kind = section.word("kind", "");
  if (kind == "image") {
    field.kind = image(section);
    field.source = field_source(section, "png");
  } else if (kind == "log_mel") {
    field.kind = recording(section);
    field.source = field_source(section, "wav");
    field.mask = name + "_mask";
  } else if (kind == "text") {
    field.kind = text(section);
    field.source = field_source(section, "txt");
    field.mask = name + "_mask";
  } else if (kind == "class") {
    field.kind = closed_list(section);
    field.source = field_source(section, "cls");
  } else {
    section.fail("kind", "image, log_mel, text or class");
  }
  const bool is_media = kind == "image" || kind == "log_mel";
  if (is_media && field.source.is_pointer()) section.fail("pointer", "a member instead");
  if (!is_media && section.has("exchange")) section.fail("exchange", "it on media fields only");
  field.exchange = exchange(section);
  field.feature_key = feature_key(json, field.source);
  return field;
}

TokenizerOptions tokenizer(const Json& json) {
  const Section section(json, "data /tokenizer");
  TokenizerOptions tokenizer;
  tokenizer.type = section.word("type", "unigram");
  const std::vector<std::string> types = {"unigram", "bpe", "word", "char"};
  if (std::find(types.begin(), types.end(), tokenizer.type) == types.end()) {
    section.fail("type", enumerate(types));
  }
  tokenizer.vocabulary = section.integer("vocab", std::nullopt, 8, 1'000'000);
  for (const std::string& source : section.words("from")) {
    const bool is_pointer = source.starts_with('/');
    tokenizer.texts.push_back({is_pointer ? pointer(section, "from", source) : source});
  }
  if (tokenizer.texts.empty()) section.fail("from", "at least one pointer or member");
  return tokenizer;
}

void check_fields(const DataOptions& options) {
  std::set<std::string> names;
  for (const FieldOptions& field : options.fields) {
    for (const std::string& name : {field.name, field.mask}) {
      if (!name.empty() && !names.insert(name).second) {
        throw Error(Exit::bad_recipe, concat("data field ", name, ": the name is given twice; ",
                                             "texts and recordings also make NAME_mask. Rename "
                                             "one of the two fields."));
      }
    }
    if (std::holds_alternative<TextOptions>(field.kind) && !options.tokenizer) {
      throw Error(Exit::bad_recipe, concat("data field ", field.name,
                                           ": a text needs a tokenizer. "
                                           "Add \"tokenizer\" to the data section."));
    }
  }
}

DataOptions parse(const Json& json) {
  const Section section(json, "data");
  DataOptions options;
  if (section.has("shards")) {
    const Section shards(section.at("shards"), "data /shards");
    for (const Split split : k_splits) {
      options.shards[static_cast<std::size_t>(split)] = shards.words(split_name(split));
    }
  }
  if (section.has("each")) options.each = pointer(section, "each", section.word("each", ""));
  if (section.has("where")) {
    const Section where(section.at("where"), "data /where");
    for (const auto& [key, unused] : section.at("where").items()) {
      const std::vector<std::string> accepted = where.words(key.c_str());
      options.where[pointer(section, "where", key)] = {accepted.begin(), accepted.end()};
    }
  }
  if (section.has("tokenizer")) options.tokenizer = tokenizer(section.at("tokenizer"));
  const Section fields(section.at("fields"), "data /fields");
  for (const auto& [name, value] : section.at("fields").items()) {
    options.fields.push_back(field(name, value));
  }
  check_fields(options);
  const std::string order = section.word("order", "shuffle");
  if (order != "shuffle" && order != "sequence") section.fail("order", "shuffle or sequence");
  options.shuffle = order == "shuffle";
  Json without_paths = json;
  without_paths.erase("shards");
  options.identity = without_paths.dump();
  return options;
}

}  // namespace

const char* split_name(Split split) {
  switch (split) {
    case Split::train: return "train";
    case Split::val: return "val";
    case Split::test: return "test";
  }
  return "?";
}

DataOptions parse_data_options(const std::string& data_json) {
  try {
    return parse(Json::parse(data_json));
  } catch (const Json::exception& problem) {
    throw Error(Exit::bad_recipe,
                concat("data: the section is not usable JSON (", problem.what(), ")."));
  }
}

}  // namespace weft::host
