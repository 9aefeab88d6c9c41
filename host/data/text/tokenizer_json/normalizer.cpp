// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/normalizer.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/base/utf8.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

using Kind = NormaliserStep::Kind;

/// What a step makes of a text is not to fill the memory.
constexpr std::size_t k_longest_text = std::size_t{16} << 20;

std::string by_icu(Kind kind, std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = kind == Kind::nfc    ? icu::Normalizer2::getNFCInstance(status)
                                 : kind == Kind::nfd  ? icu::Normalizer2::getNFDInstance(status)
                                 : kind == Kind::nfkc ? icu::Normalizer2::getNFKCInstance(status)
                                                      : icu::Normalizer2::getNFKDInstance(status);
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  if (U_SUCCESS(status) != 0) {
    form->normalizeUTF8(0, {text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr,
                        status);
  }
  if (U_FAILURE(status) != 0) {
    throw Error(Exit::failed, concat("ICU cannot normalise a text (", u_errorName(status),
                                     "). Is its data installed?"));
  }
  return result;
}

/// Characters that Hugging Face's tables do not have yet stay as they are.
std::string in_form(Kind kind, std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (!is_newer_than_normalisation(next_character(text, at))) continue;
    result += by_icu(kind, text.substr(done, begin - done));
    result += text.substr(begin, at - begin);
    done = at;
  }
  return result + by_icu(kind, text.substr(done));
}

template <class Action>
std::string by_character(const std::string& text, const Action& action) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) action(result, next_character(text, at));
  return result;
}

/// CJK ideographs in the sense of BERT, which leaves kana and hangul together.
bool is_chinese(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

std::string as_bert(const NormaliserStep& step, std::string text) {
  if (step.clean || step.chinese) {
    text = by_character(text, [&](std::string& result, char32_t c) {
      if (step.clean && (c == 0 || c == 0xfffd || is_bert_control(c))) return;
      if (step.clean && is_white_space(c)) c = ' ';
      const bool is_apart = step.chinese && is_chinese(c);
      if (is_apart) result += ' ';
      append_character(result, c);
      if (is_apart) result += ' ';
    });
  }
  if (step.accents && !is_ascii(text)) {
    text = by_character(in_form(Kind::nfd, text), [](std::string& result, char32_t c) {
      if (!is_bert_accent(c)) append_character(result, c);
    });
  }
  if (step.lowercase) text = by_character(text, append_lower_case);
  return text;
}

std::string stripped(const NormaliserStep& step, const std::string& text) {
  std::size_t begin = 0, end = text.size();
  for (std::size_t next = 0; step.left && begin < end; begin = next) {
    if (!is_white_space(next_character(text, next))) break;
  }
  while (step.right && end > begin && is_white_space(character_before(text, end))) {
    end = character_begin(text, end - 1);
  }
  return text.substr(begin, end - begin);
}

}  // namespace

Normaliser::Normaliser(const std::vector<NormaliserStep>& steps, const std::string& name)
    : name_(name) {
  for (const NormaliserStep& options : steps) {
    Step& step = steps_.emplace_back(Step{options, {}, {}});
    if (options.kind == Kind::replace) step.pattern.emplace_back(options.pattern, name);
    if (options.kind == Kind::precompiled) step.rules.emplace_back(options.rules);
  }
}

std::string Normaliser::apply(std::string text) const {
  for (const auto& [options, pattern, rules] : steps_) {
    switch (options.kind) {
      case Kind::nfc:
      case Kind::nfd:
      case Kind::nfkc:
      case Kind::nfkd: text = in_form(options.kind, text); break;
      case Kind::lowercase: text = by_character(text, append_lower_case); break;
      case Kind::strip_accents:
        text = by_character(text, [](std::string& result, char32_t c) {
          if (!is_accent(c)) append_character(result, c);
        });
        break;
      case Kind::bert: text = as_bert(options, std::move(text)); break;
      case Kind::replace:
        text = pattern.front().replaced(text, options.content, k_longest_text);
        break;
      case Kind::prepend:
        if (!text.empty()) text.insert(0, options.content);
        break;
      case Kind::strip: text = stripped(options, text); break;
      case Kind::precompiled: text = rules.front().apply(text); break;
    }
    if (text.size() > k_longest_text) {
      throw Error(Exit::bad_data, concat(name_, " makes a text longer than ", k_longest_text,
                                         " bytes. Shorten the text."));
    }
  }
  return text;
}

}  // namespace weft::host
