// SPDX-License-Identifier: Apache-2.0
/// How BLEU divides a text into words: the tokenizers of sacrebleu 2.6.
///
///   13a   mteval-v13a: markup undone; ASCII punctuation apart, but `.`, `,` inside numbers
///   intl  mteval-v14: punctuation and symbols of all scripts apart, but those inside numbers
///   char  each character
///   none  what lies between blanks

#pragma once

#include <string>

#include "unicode.hpp"

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  inline void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
      text.replace(at, what.size(), by);
      at += by.size();
    }
  }

  /// re.sub(r"(A)(B)", r"\1x\2y"): where `fits` two neighbours, writes them with `between` and
  /// `behind`; what is taken is not looked at again.
  template <class Text, class Fits>
  Text divided(const Text& text, const Fits& fits, bool space_first, bool space_last) {
    Text out;
    out.reserve(text.size() * 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i + 1 < text.size() && fits(text[i], text[i + 1])) {
        if (space_first) out += ' ';
        out += text[i++];
        out += ' ';
        out += text[i];
        if (space_last) out += ' ';
      } else {
        out += text[i];
      }
    }
    return out;
  }

  /// All rules look at ASCII alone, so that bytes are enough.
  inline std::string divided_13a(std::string_view line) {
    std::string text = " " + std::string(line) + " ";
    replace_all(text, "<skipped>", "");
    replace_all(text, "-\n", "");
    replace_all(text, "\n", " ");
    replace_all(text, "&quot;", "\"");
    replace_all(text, "&amp;", "&");
    replace_all(text, "&lt;", "<");
    replace_all(text, "&gt;", ">");
    std::string apart;
    for (const char c : text) {
      const auto code = static_cast<unsigned char>(c);
      const bool stays = c == '\'' || c == ',' || c == '-' || c == '.' ||
                         !(is_ascii_punctuation(code) || c == ' ');
      apart += stays ? std::string(1, c) : std::string{' ', c, ' '};
    }
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto stop = [](char c) { return c == '.' || c == ','; };
    apart = divided(
        apart, [&](char a, char b) { return !digit(a) && stop(b); }, false, true);
    apart = divided(
        apart, [&](char a, char b) { return stop(a) && !digit(b); }, true, false);
    return divided(
        apart, [&](char a, char b) { return digit(a) && b == '-'; }, false, true);
  }

  inline std::string divided_intl(std::string_view line) {
    std::u32string text = characters(line);
    text = divided(
        text, [](char32_t a, char32_t b) { return !is_number(a) && is_punctuation(b); }, false,
        true);
    text = divided(
        text, [](char32_t a, char32_t b) { return is_punctuation(a) && !is_number(b); }, true,
        false);
    std::string out;
    for (const char32_t code : text) {
      const bool apart = is_symbol(code);
      if (apart) out += ' ';
      append_utf8(code, out);
      if (apart) out += ' ';
    }
    return out;
  }

  inline std::vector<std::string> bleu_words(std::string_view line, const std::string& tokenize) {
    std::vector<std::string> found;
    if (tokenize == "char") {
      for (const char32_t code : characters(line)) {
        if (is_blank(code)) continue;
        append_utf8(code, found.emplace_back());
      }
      return found;
    }
    const std::string text = tokenize == "13a"    ? divided_13a(line)
                             : tokenize == "intl" ? divided_intl(line)
                                                  : std::string(line);
    for (const std::string_view word : words(text)) found.emplace_back(word);
    return found;
  }

  }  // namespace text
}  // namespace weft
