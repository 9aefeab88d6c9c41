// SPDX-License-Identifier: Apache-2.0
/// The final answer of a written solution, as the graders of GSM8K, of lm-evaluation-harness and of
/// MATH find it. Each function gives a text; two answers are the same if the texts are.
///
/// Source  Cobbe et al. 2021, arXiv:2110.14168; Hendrycks et al. 2021, arXiv:2103.03874.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bleu_words.hpp"

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
  }

  /// The number behind the first "#### ", commas left out.
  inline std::optional<std::string> gsm8k_answer(std::string_view solution) {
    constexpr std::string_view k_mark = "#### ";
    for (std::size_t at = solution.find(k_mark); at != std::string_view::npos;
         at = solution.find(k_mark, at + 1)) {
      std::size_t i = at + k_mark.size();
      std::string number;
      if (i < solution.size() && solution[i] == '-') number += solution[i++];
      const std::size_t first = i;
      for (; i < solution.size() &&
             (is_digit(solution[i]) || solution[i] == '.' || solution[i] == ',');
           ++i)
        if (solution[i] != ',') number += solution[i];
      if (i > first) return number;
    }
    return std::nullopt;
  }

  /// The last number of a text: digits with `$`, `.` and `,`, which are left out but for points
  /// inside.
  inline std::optional<std::string> last_number(std::string_view solution) {
    const auto is_part = [](char c) { return is_digit(c) || c == '$' || c == '.' || c == ','; };
    std::optional<std::string> last;
    for (std::size_t at = 0; at < solution.size();) {
      const bool minus = solution[at] == '-';
      const std::size_t first = minus ? at + 1 : at;
      std::size_t end = first;
      while (end < solution.size() && is_part(solution[end])) ++end;
      const bool is_long = end >= first + 2;
      if (!is_long && (end == first || !is_digit(solution[first]))) {
        ++at;
        continue;
      }
      last = minus ? "-" : "";
      for (const char c : solution.substr(first, end - first))
        if (c != '$' && c != ',') *last += c;
      if (last->back() == '.') last->pop_back();
      at = end;
    }
    return last;
  }

  /// What the last \boxed{…} or \fbox{…} holds; nothing without one that is closed.
  inline std::optional<std::string> last_boxed(std::string_view solution) {
    std::size_t at = solution.rfind("\\boxed");
    if (at == std::string_view::npos) at = solution.rfind("\\fbox");
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t open = solution.find('{', at);
    int depth = 0;
    for (std::size_t i = at; i < solution.size(); ++i) {
      if (solution[i] == '{') ++depth;
      if (solution[i] == '}' && --depth == 0)
        return std::string(solution.substr(open + 1, i - open - 1));
    }
    return std::nullopt;
  }

  namespace latex {

  inline std::vector<std::string> split(const std::string& text, std::string_view at) {
    std::vector<std::string> pieces;
    std::size_t begin = 0;
    for (std::size_t next = text.find(at); next != std::string::npos; next = text.find(at, begin)) {
      pieces.push_back(text.substr(begin, next - begin));
      begin = next + at.size();
    }
    pieces.push_back(text.substr(begin));
    return pieces;
  }

  /// \frac12 and \frac1{72} get their braces. Nothing where a \frac has no argument at all.
  inline std::optional<std::string> with_braced_fractions(const std::string& text) {
    const std::vector<std::string> pieces = split(text, "\\frac");
    std::string whole = pieces.front();
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      const std::string& piece = pieces[i];
      if (piece.empty()) return std::nullopt;
      whole += "\\frac";
      if (piece[0] == '{') {
        whole += piece;
        continue;
      }
      if (piece.size() < 2) return text;
      whole += std::string("{") + piece[0] + "}";
      whole +=
          piece[1] == '{' ? piece.substr(1) : std::string("{") + piece[1] + "}" + piece.substr(2);
    }
    return whole;
  }

  /// \sqrt3 gets its braces.
  inline std::optional<std::string> with_braced_roots(const std::string& text) {
    const std::vector<std::string> pieces = split(text, "\\sqrt");
    std::string whole = pieces.front();
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      if (pieces[i].empty()) return std::nullopt;
      const bool is_braced = pieces[i][0] == '{';
      whole += is_braced ? "\\sqrt" + pieces[i]
                         : std::string("\\sqrt{") + pieces[i][0] + "}" + pieces[i].substr(1);
    }
    return whole;
  }

  /// 3/4 of two whole numbers becomes a \frac.
  inline std::string with_fraction(const std::string& text) {
    const std::vector<std::string> parts = split(text, "/");
    if (parts.size() != 2) return text;
    for (const std::string& part : parts) {
      const std::string digits = part.substr(!part.empty() && part[0] == '-' ? 1 : 0);
      const bool is_plain = !digits.empty() &&
                            digits.find_first_not_of("0123456789") == std::string::npos &&
                            (digits == "0" ? part == "0" : digits[0] != '0');
      if (!is_plain) return text;
    }
    return "\\frac{" + parts[0] + "}{" + parts[1] + "}";
  }

  /// Nothing where the text is such that MATH's own script fails.
  inline std::optional<std::string> normalised(std::string text) {
    using Pair = std::pair<std::string_view, std::string_view>;
    for (const auto& [what, by] :
         {Pair{"\n", ""}, Pair{"\\!", ""}, Pair{"\\\\", "\\"}, Pair{"tfrac", "frac"},
          Pair{"dfrac", "frac"}, Pair{"\\left", ""}, Pair{"\\right", ""}, Pair{"^{\\circ}", ""},
          Pair{"^\\circ", ""}, Pair{"\\$", ""}})
      replace_all(text, what, by);
    const std::vector<std::string> units = split(text, "\\text{ ");
    if (units.size() > 2) return std::nullopt;
    text = units.front();
    for (const auto& [what, by] :
         {Pair{"\\%", ""}, Pair{"%", ""}, Pair{" .", " 0."}, Pair{"{.", "{0."}})
      replace_all(text, what, by);
    if (text.empty()) return text;
    if (text[0] == '.') text = "0" + text;
    const std::vector<std::string> sides = split(text, "=");
    if (sides.size() == 2 && characters(sides[0]).size() <= 2) text = sides[1];
    std::optional<std::string> braced = with_braced_roots(text);
    if (!braced) return std::nullopt;
    replace_all(*braced, " ", "");
    braced = with_braced_fractions(*braced);
    if (!braced) return std::nullopt;
    return with_fraction(*braced == "0.5" ? "\\frac{1}{2}" : *braced);
  }

  }  // namespace latex

  /// Whether MATH's script takes two answers, without \boxed, as the same.
  inline bool is_same_math(const std::string& a, const std::string& b) {
    const auto x = latex::normalised(a), y = latex::normalised(b);
    return x && y ? *x == *y : a == b;
  }

  }  // namespace text
}  // namespace weft
