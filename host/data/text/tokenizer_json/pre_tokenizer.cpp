// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/pre_tokenizer.hpp"

#include <algorithm>
#include <array>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

using Kind = SplitStep::Kind;
using Parts = std::vector<TextPart>;

/// Every character of which `matches` is true is a match of its own.
template <class Matches>
Parts parts_by_character(std::string_view text, const Matches& matches) {
  Parts parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const bool is_match = matches(next_character(text, at));
    if (!is_match && !parts.empty() && !parts.back().is_match) {
      parts.back().end = at;
    } else {
      parts.push_back({begin, at, is_match});
    }
  }
  return parts;
}

/// Runs of characters of one class are parts; class 0 is a match.
template <class Classify>
Parts parts_by_class(std::string_view text, const Classify& classify) {
  Parts parts;
  int last = -1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const int found = classify(next_character(text, at));
    if (found == last) {
      parts.back().end = at;
    } else {
      parts.push_back({begin, at, found == 0});
    }
    last = found;
  }
  return parts;
}

enum CharacterClass : std::uint8_t { k_space, k_letter, k_number, k_other };

CharacterClass class_of(char32_t c) {
  static const std::array<CharacterClass, 128> ascii = [] {
    std::array<CharacterClass, 128> classes{};
    for (char32_t i = 0; i < 128; ++i) {
      classes[i] = is_white_space(i) ? k_space
                   : is_letter(i)    ? k_letter
                   : is_number(i)    ? k_number
                                     : k_other;
    }
    return classes;
  }();
  if (c < 128) return ascii[c];
  if (is_letter(c)) return k_letter;
  if (is_number(c)) return k_number;
  return is_white_space(c) ? k_space : k_other;
}

/// Every place where `sign` stands is a match.
Parts parts_by_text(std::string_view text, std::string_view sign) {
  Parts parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = std::min(text.find(sign, at), text.size());
    if (found > at) parts.push_back({at, found, false});
    if (found < text.size()) parts.push_back({found, found + sign.size(), true});
    at = found + sign.size();
  }
  return parts;
}

/// How many bytes of 's 't 're 've 'm 'll 'd stand at the beginning.
std::size_t contraction(std::string_view text) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  return 0;
}

/// The first match of GPT-2's expression, which leaves nothing between its matches:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
std::size_t first_word(std::string_view text) {
  if (text[0] == '\'') {
    if (const std::size_t size = contraction(text)) return size;
  }
  std::size_t at = text[0] == ' ' && text.size() > 1 ? 1 : 0;
  const CharacterClass found = class_of(next_character(text, at));
  std::size_t end = at;
  if (found != k_space) {
    while (at < text.size() && class_of(next_character(text, at)) == found) end = at;
    return end;
  }
  // White space up to the end; or but its last character, which begins the next match.
  at = 0;
  std::size_t last = 0;
  for (end = 0; at < text.size(); end = at) {
    const std::size_t begin = at;
    if (class_of(next_character(text, at)) != k_space) return last > 0 ? last : end;
    last = begin;
  }
  return text.size();
}

Parts gpt2_words(std::string_view text) {
  Parts parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at + first_word(text.substr(at));
    parts.push_back({at, end, true});
    at = end;
  }
  return parts;
}

/// Joins a part to the one before where the behaviour says so.
Parts joined(const Parts& parts, SplitBehaviour behaviour) {
  Parts result;
  bool was_match = false;
  for (const TextPart& part : parts) {
    const bool joins = behaviour == SplitBehaviour::contiguous ? part.is_match == was_match
                                                               : part.is_match && !was_match;
    if (joins && !result.empty()) {
      result.back().end = part.end;
    } else {
      result.push_back(part);
    }
    was_match = part.is_match;
  }
  return result;
}

/// As joined(), a match to the part that follows it.
Parts joined_to_next(const Parts& parts) {
  Parts result;
  bool was_match = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->is_match && !was_match && !result.empty()) {
      result.back().begin = part->begin;
    } else {
      result.push_back(*part);
    }
    was_match = part->is_match;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

void add(Parts parts, SplitBehaviour behaviour, std::string_view text,
         std::vector<std::string_view>& words) {
  if (behaviour == SplitBehaviour::with_next) {
    parts = joined_to_next(parts);
  } else if (behaviour == SplitBehaviour::contiguous ||
             behaviour == SplitBehaviour::with_previous) {
    parts = joined(parts, behaviour);
  }
  for (const TextPart& part : parts) {
    if (part.end == part.begin) continue;
    if (behaviour == SplitBehaviour::removed && part.is_match) continue;
    words.push_back(text.substr(part.begin, part.end - part.begin));
  }
}

}  // namespace

TextSplitter::TextSplitter(const std::vector<SplitStep>& steps, const std::string& name) {
  for (const SplitStep& options : steps) {
    Step& step = steps_.emplace_back(Step{options, {}});
    if (options.kind == Kind::split) step.pattern.emplace_back(options.pattern, name);
  }
}

void TextSplitter::add_parts(const Step& step, std::string_view word,
                             std::vector<std::string_view>& words) {
  const auto& [options, pattern] = step;
  const auto removed = SplitBehaviour::removed, isolated = SplitBehaviour::isolated;
  switch (options.kind) {
    case Kind::byte_level:
      if (options.words)
        add(gpt2_words(word), isolated, word, words);
      else
        words.push_back(word);
      break;
    case Kind::split: {
      Parts parts = pattern.front().parts(word);
      if (options.invert) {
        for (TextPart& part : parts) part.is_match = !part.is_match;
      }
      add(std::move(parts), options.behaviour, word, words);
      break;
    }
    case Kind::whitespace:
      add(parts_by_class(word,
                         [](char32_t c) { return is_word(c)          ? 1
                                                 : is_white_space(c) ? 0
                                                                     : 2; }),
          removed, word, words);
      break;
    case Kind::whitespace_split:
      add(parts_by_character(word, is_white_space), removed, word, words);
      break;
    case Kind::bert:
      add(parts_by_class(word, [](char32_t c) { return is_white_space(c) ? 0 : 1; }), removed, word,
          words);
      break;
    case Kind::digits:
      add(parts_by_character(word, is_number),
          options.individual ? isolated : SplitBehaviour::contiguous, word, words);
      break;
    case Kind::punctuation:
      add(parts_by_character(word, is_bert_punctuation), options.behaviour, word, words);
      break;
    case Kind::metaspace:
      if (!options.splits) {
        words.push_back(word);
        break;
      }
      add(parts_by_text(word, options.space), SplitBehaviour::with_next, word, words);
      break;
  }
}

/// The word with a sign for each space, and one before it where the step says so.
std::string TextSplitter::with_signs(const SplitStep& step, std::string word, bool is_first) {
  replace_all(word, " ", step.space);
  const bool prepends = step.prepend == SplitStep::Prepend::always ||
                        (step.prepend == SplitStep::Prepend::first && is_first);
  return prepends && !word.starts_with(step.space) ? step.space + word : word;
}

Words TextSplitter::split(std::string_view text, bool is_first) const {
  Words result;
  if (!text.empty()) result.words.push_back(text);
  for (const Step& step : steps_) {
    const bool has_prefix = step.options.kind == Kind::byte_level && step.options.prefix_space;
    std::vector<std::string_view> words;
    for (std::string_view word : result.words) {
      if (has_prefix && word.front() != ' ')
        word = result.made.emplace_back(' ' + std::string(word));
      if (step.options.kind == Kind::metaspace)
        word = result.made.emplace_back(
            with_signs(step.options, std::string(word), is_first && word.data() == text.data()));
      add_parts(step, word, words);
    }
    result.words = std::move(words);
    if (step.options.kind != Kind::bert) continue;
    words = {};
    for (const std::string_view word : result.words)
      add(parts_by_character(word, is_bert_punctuation), SplitBehaviour::isolated, word, words);
    result.words = std::move(words);
  }
  return result;
}

}  // namespace weft::host
