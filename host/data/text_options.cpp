// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "host/base/text.hpp"
#include "host/data/section.hpp"

namespace weft::host {

TextOptions text_options(const Section& section) {
  TextOptions text;
  text.begin = section.flag("begin");
  text.end = section.flag("end");
  text.length = section.integer("length", std::nullopt, 1 + text.begin + text.end, 1'000'000);
  return text;
}

ClassOptions class_options(const Section& section) {
  ClassOptions list{section.words("classes")};
  if (list.classes.empty()) section.fail("classes", "a list of at least one class");
  if (std::set(list.classes.begin(), list.classes.end()).size() != list.classes.size()) {
    section.fail("classes", "each class once");
  }
  return list;
}

namespace {

TokenizerTraining tokenizer_training(const Section& section) {
  TokenizerTraining training;
  training.type = section.word("type", training.type);
  training.vocabulary = section.integer("vocab", std::nullopt, 8, 1'000'000);
  if (section.has("special")) training.special = section.words("special");
  training.texts = section.integer("texts", 0, 1, 2'000'000'000);
  if (const auto wrong = misfit(training)) section.fail(wrong->first, wrong->second);
  return training;
}

}  // namespace

TokenizerOptions tokenizer_options(const Section& section) {
  TokenizerOptions tokenizer;
  if (section.has("file")) {
    tokenizer.file = section.word("file", "");
    if (tokenizer.file.empty()) section.fail("file", "the path of a tokenizer");
    for (const char* key : {"type", "vocab", "special", "from", "texts"}) {
      if (section.has(key)) section.fail(key, "file alone: the tokenizer is made already");
    }
    return tokenizer;
  }
  tokenizer.training = tokenizer_training(section);
  for (const std::string& source : section.words("from")) {
    const bool is_pointer = source.starts_with('/');
    tokenizer.texts.push_back({is_pointer ? section.pointer("from", source) : source});
  }
  if (tokenizer.texts.empty()) section.fail("from", "at least one pointer or member");
  return tokenizer;
}

}  // namespace weft::host
