// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/tokenizer_json_reader.hpp"

#include <array>
#include <nlohmann/json.hpp>

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
  constexpr std::array<std::pair<const char*, Kind>, 10> known = {
      {{"NFC", Kind::nfc},
       {"NFD", Kind::nfd},
       {"NFKC", Kind::nfkc},
       {"NFKD", Kind::nfkd},
       {"Lowercase", Kind::lowercase},
       {"StripAccents", Kind::strip_accents},
       {"BertNormalizer", Kind::bert},
       {"Replace", Kind::replace},
       {"Prepend", Kind::prepend},
       {"Strip", Kind::strip}}};
  NormaliserStep step;
  step.kind = named(place.at("type"), known,
                    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, BertNormalizer, Replace, "
                    "Prepend, Strip or Sequence");
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
    default: place.keys({"type"});
  }
  return step;
}

SplitStep split_step(const JsonPlace& place) {
  using Kind = SplitStep::Kind;
  constexpr std::array<std::pair<const char*, Kind>, 7> known = {
      {{"ByteLevel", Kind::byte_level},
       {"Split", Kind::split},
       {"Whitespace", Kind::whitespace},
       {"WhitespaceSplit", Kind::whitespace_split},
       {"BertPreTokenizer", Kind::bert},
       {"Digits", Kind::digits},
       {"Punctuation", Kind::punctuation}}};
  SplitStep step;
  step.kind = named(place.at("type"), known,
                    "ByteLevel, Split, Whitespace, WhitespaceSplit, BertPreTokenizer, Digits, "
                    "Punctuation or Sequence");
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
