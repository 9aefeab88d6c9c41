// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/tokenizer_json_reader.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "host/base/utf8.hpp"
#include "host/data/text/tokenizer_json/rules_file.hpp"

namespace weft::host {
namespace {

/// The value that stands beside the word which the place holds.
template <class Value, std::size_t size>
Value named(const JsonPlace& place, const std::array<std::pair<const char*, Value>, size>& known,
            const std::string& expected) {
  const std::string word = place.text(k_longest_token);
  for (const auto& [name, value] : known) {
    if (word == name) return value;
  }
  place.refuse(expected);
}

PatternOptions pattern(const JsonPlace& place) {
  place.keys({"String", "Regex"});
  PatternOptions options;
  options.is_expression = place.has("Regex");
  if (options.is_expression == place.has("String")) place.refuse("either String or Regex");
  const JsonPlace text = place.at(options.is_expression ? "Regex" : "String");
  options.text = text.text(k_longest_pattern);
  if (options.text.empty()) text.refuse("a text that is not empty");
  return options;
}

SplitBehaviour behaviour(const JsonPlace& place) {
  constexpr std::array<std::pair<const char*, SplitBehaviour>, 5> known = {
      {{"Removed", SplitBehaviour::removed},
       {"Isolated", SplitBehaviour::isolated},
       {"MergedWithPrevious", SplitBehaviour::with_previous},
       {"MergedWithNext", SplitBehaviour::with_next},
       {"Contiguous", SplitBehaviour::contiguous}}};
  return named(place, known, "the name of a behaviour");
}

NormaliserStep bert(const JsonPlace& place) {
  place.keys({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  NormaliserStep step;
  step.kind = NormaliserStep::Kind::bert;
  step.clean = place.flag("clean_text", true);
  step.chinese = place.flag("handle_chinese_chars", true);
  step.lowercase = place.flag("lowercase", true);
  step.accents = place.flag("strip_accents", step.lowercase);
  return step;
}

NormaliserStep normaliser_step(const JsonPlace& place) {
  using Kind = NormaliserStep::Kind;
  constexpr std::array<std::pair<const char*, Kind>, 11> known = {
      {{"NFC", Kind::nfc},
       {"NFD", Kind::nfd},
       {"NFKC", Kind::nfkc},
       {"NFKD", Kind::nfkd},
       {"Lowercase", Kind::lowercase},
       {"StripAccents", Kind::strip_accents},
       {"BertNormalizer", Kind::bert},
       {"Replace", Kind::replace},
       {"Prepend", Kind::prepend},
       {"Strip", Kind::strip},
       {"Precompiled", Kind::precompiled}}};
  NormaliserStep step;
  step.kind = named(place.at("type"), known,
                    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, BertNormalizer, Replace, "
                    "Prepend, Strip, Precompiled or Sequence");
  switch (step.kind) {
    case Kind::bert: return bert(place);
    case Kind::replace:
      place.keys({"type", "pattern", "content"});
      step.pattern = pattern(place.at("pattern"));
      step.content = place.at("content").text(k_longest_token);
      break;
    case Kind::prepend:
      place.keys({"type", "prepend"});
      step.content = place.at("prepend").text(k_longest_token);
      break;
    case Kind::strip:
      place.keys({"type", "strip_left", "strip_right"});
      step.left = place.at("strip_left").flag();
      step.right = place.at("strip_right").flag();
      break;
    case Kind::precompiled: {
      place.keys({"type", "precompiled_charsmap"});
      const JsonPlace rules = place.at("precompiled_charsmap");
      const auto bytes = from_base64(rules.text(k_longest_rules));
      if (!bytes || !are_rules(*bytes)) rules.refuse("SentencePiece's compiled rules in base64");
      step.rules = *bytes;
      break;
    }
    default: place.keys({"type"});
  }
  return step;
}

/// What stands for a space: one character, U+2581 unless the file says otherwise.
std::string space_sign(const JsonPlace& place) {
  if (!place.has("replacement")) return "\u2581";
  const std::string sign = place.at("replacement").text(k_longest_token);
  if (sign.empty() || character_begin(sign, sign.size() - 1) != 0)
    place.at("replacement").refuse("one character");
  return sign;
}

/// Files of older versions have add_prefix_space in place of prepend_scheme.
SplitStep::Prepend prepend(const JsonPlace& place) {
  using Prepend = SplitStep::Prepend;
  constexpr std::array<std::pair<const char*, Prepend>, 3> known = {
      {{"always", Prepend::always}, {"first", Prepend::first}, {"never", Prepend::never}}};
  if (place.has("prepend_scheme"))
    return named(place.at("prepend_scheme"), known, "always, first or never");
  return place.flag("add_prefix_space", true) ? Prepend::always : Prepend::never;
}

SplitStep split_step(const JsonPlace& place) {
  using Kind = SplitStep::Kind;
  constexpr std::array<std::pair<const char*, Kind>, 8> known = {
      {{"ByteLevel", Kind::byte_level},
       {"Split", Kind::split},
       {"Whitespace", Kind::whitespace},
       {"WhitespaceSplit", Kind::whitespace_split},
       {"BertPreTokenizer", Kind::bert},
       {"Digits", Kind::digits},
       {"Punctuation", Kind::punctuation},
       {"Metaspace", Kind::metaspace}}};
  SplitStep step;
  step.kind = named(place.at("type"), known,
                    "ByteLevel, Split, Whitespace, WhitespaceSplit, BertPreTokenizer, Digits, "
                    "Punctuation, Metaspace or Sequence");
  switch (step.kind) {
    case Kind::byte_level:
      place.keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
      step.prefix_space = place.flag("add_prefix_space", true);
      step.words = place.flag("use_regex", true);
      break;
    case Kind::split:
      place.keys({"type", "pattern", "behavior", "invert"});
      step.pattern = pattern(place.at("pattern"));
      step.behaviour = behaviour(place.at("behavior"));
      step.invert = place.flag("invert", false);
      break;
    case Kind::digits:
      place.keys({"type", "individual_digits"});
      step.individual = place.flag("individual_digits", false);
      break;
    case Kind::punctuation:
      place.keys({"type", "behavior"});
      if (place.has("behavior")) step.behaviour = behaviour(place.at("behavior"));
      break;
    case Kind::metaspace:
      place.keys({"type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
      step.space = space_sign(place);
      step.prepend = prepend(place);
      step.splits = place.flag("split", true);
      break;
    default: place.keys({"type"});
  }
  return step;
}

DecoderStep decoder_step(const JsonPlace& place) {
  using Kind = DecoderStep::Kind;
  constexpr std::int64_t k_most_stripped = 1000;
  constexpr std::array<std::pair<const char*, Kind>, 5> known = {
      {{"Replace", Kind::replace},
       {"ByteFallback", Kind::byte_fallback},
       {"Fuse", Kind::fuse},
       {"Strip", Kind::strip},
       {"Metaspace", Kind::metaspace}}};
  DecoderStep step;
  step.kind = named(place.at("type"), known,
                    "ByteLevel or WordPiece alone, Replace, ByteFallback, Fuse, Strip, Metaspace "
                    "or a Sequence of these");
  switch (step.kind) {
    case Kind::replace:
      place.keys({"type", "pattern", "content"});
      step.pattern = pattern(place.at("pattern"));
      step.content = place.at("content").text(k_longest_token);
      break;
    case Kind::strip:
      place.keys({"type", "content", "start", "stop"});
      step.content = place.at("content").text(k_longest_token);
      step.start = place.at("start").integer(0, k_most_stripped);
      step.stop = place.at("stop").integer(0, k_most_stripped);
      break;
    case Kind::metaspace:
      place.keys({"type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
      step.content = space_sign(place);
      step.strips_first = prepend(place) != SplitStep::Prepend::never;
      break;
    default: place.keys({"type"});
  }
  return step;
}

/// A step, or the steps of a Sequence, which may hold further ones.
template <class Step>
void add_steps(const JsonPlace& place, const char* entries, Step (*read)(const JsonPlace&),
               std::vector<Step>& steps) {
  if (place.at("type").json() == "Sequence") {
    place.keys({"type", entries});
    for (const JsonPlace& entry : place.at(entries).list(k_most_steps)) {
      add_steps(entry, entries, read, steps);
    }
    return;
  }
  if (steps.size() == k_most_steps) place.refuse("no more than 32 steps");
  steps.push_back(read(place));
}

}  // namespace

std::vector<NormaliserStep> normaliser_steps(const JsonPlace& place) {
  std::vector<NormaliserStep> steps;
  add_steps(place, "normalizers", normaliser_step, steps);
  return steps;
}

std::vector<DecoderStep> decoder_steps(const JsonPlace& place) {
  std::vector<DecoderStep> steps;
  add_steps(place, "decoders", decoder_step, steps);
  return steps;
}

std::vector<SplitStep> split_steps(const JsonPlace& place) {
  std::vector<SplitStep> steps;
  add_steps(place, "pretokenizers", split_step, steps);
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    // What follows would see GPT-2's characters for bytes.
    if (steps[i].kind == SplitStep::Kind::byte_level) place.refuse("ByteLevel as the last step");
  }
  return steps;
}

}  // namespace weft::host
