// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/text_options.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/section/section.hpp"
#include "host/data/storage/plain_text.hpp"

namespace weft::host {

TextOptions text_options(const Section& section) {
  TextOptions text;
  text.begin = section.flag("bos");
  text.end = section.flag("eos");
  text.prefix = section.word("prefix", "");
  text.suffix = section.word("suffix", "");
  text.shots = shot_options(section);
  text.length = section.integer("max_length", std::nullopt, 1 + text.begin + text.end, 1'000'000);
  return text;
}

namespace {

constexpr std::int64_t k_most_classes = 1'000'000;

/// The classes of whole numbers.
ClassOptions numbers(const Section& section, std::int64_t first, std::int64_t last) {
  if (last < first || last - first >= k_most_classes) {
    section.fail("classes", concat("1 to ", k_most_classes, " numbers, the lowest first"));
  }
  ClassOptions range;
  range.first = first;
  for (std::int64_t i = first; i <= last; ++i) range.classes.push_back(std::to_string(i));
  return range;
}

}  // namespace

ClassOptions class_options(const Section& section) {
  const Json& classes = section.at("classes");
  if (classes.is_number()) {
    return numbers(section, 0,
                   section.integer("classes", std::nullopt, 1, int{k_most_classes}) - 1);
  }
  if (classes.is_object()) {
    constexpr int k_far = 1'000'000'000;
    const Section range = section.inner("classes");
    const int from = range.integer("from", std::nullopt, -k_far, k_far);
    return numbers(section, from, range.integer("to", std::nullopt, -k_far, k_far));
  }
  ClassOptions list{section.words("classes"), std::nullopt, {}};
  if (list.classes.empty()) section.fail("classes", "a list of at least one class");
  for (const std::string& name : list.classes) {
    if (!list.indices.emplace(name, std::ssize(list.indices)).second) {
      section.fail("classes", "each class once");
    }
  }
  for (std::size_t i = 0; i < list.classes.size(); ++i) {
    list.indices.emplace(plain_number(list.classes[i]), static_cast<std::int64_t>(i));
  }
  return list;
}

std::optional<std::int64_t> ClassOptions::index_of(std::string_view value) const {
  const std::string_view bare = without_blanks(value);
  if (!first) {
    auto found = indices.find(value);
    if (found == indices.end()) found = indices.find(bare);
    return found == indices.end() ? std::nullopt : std::optional(found->second);
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
  const bool is_number = error == std::errc() && end == bare.data() + bare.size();
  if (!is_number || number < *first || number - *first >= std::ssize(classes)) return std::nullopt;
  return number - *first;
}

namespace {

TokenizerTraining tokenizer_training(const Section& section) {
  TokenizerTraining training;
  training.type = section.word("type", training.type);
  training.vocabulary = section.integer("vocab_size", std::nullopt, 8, 1'000'000);
  if (section.has("special")) training.special = section.words("special");
  training.texts = section.integer("texts", 0, 1, 2'000'000'000);
  if (const auto wrong = misfit(training)) section.refuse(wrong->first, wrong->second);
  return training;
}

}  // namespace

TokenizerOptions tokenizer_options(const Section& section) {
  TokenizerOptions tokenizer;
  if (section.has("file")) {
    tokenizer.file = section.word("file", "");
    if (tokenizer.file.empty()) section.refuse("file", "the path of a tokenizer");
    for (const char* key : {"type", "vocab_size", "special", "from", "texts"}) {
      if (section.has(key)) section.refuse(key, "file alone: the tokenizer is made already");
    }
    return tokenizer;
  }
  tokenizer.training = tokenizer_training(section);
  for (const std::string& source : section.words("from")) {
    const bool is_pointer = source.starts_with('/');
    tokenizer.texts.push_back({is_pointer ? section.pointer("from", source) : source});
  }
  if (tokenizer.texts.empty()) section.refuse("from", "at least one pointer or member");
  return tokenizer;
}

}  // namespace weft::host
