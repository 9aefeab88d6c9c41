// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/text_pattern.hpp"

#include <unicode/regex.h>

#include <algorithm>
#include <limits>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// What one match may take: ICU's steps (each 10,000 places to go back to, whatever the processor
/// does meanwhile) and bytes, both in proportion to the text. Going over a run of white space once
/// takes some 30 bytes a character; an expression that goes back without end is stopped.
constexpr std::int32_t k_free_steps = 1000, k_units_per_step = 1000;
constexpr std::int32_t k_free_memory = 1 << 20, k_memory_per_unit = 100;

std::int32_t most_steps(std::int32_t units) {
  return k_free_steps + units / k_units_per_step;
}

std::int32_t most_memory(std::int32_t units) {
  const std::int64_t wanted = k_free_memory + std::int64_t{k_memory_per_unit} * units;
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(wanted, std::numeric_limits<std::int32_t>::max()));
}

/// Escapes that mean the same to Oniguruma and to ICU: categories, white space, digits, control
/// characters; before anything that is no letter or digit, the character itself.
bool is_common_escape(char escaped) {
  const auto byte = static_cast<unsigned char>(escaped);
  const bool is_word = byte >= 0x80 || std::isalnum(byte) != 0;
  return !is_word || std::string_view("pPsSdDrntfux").find(escaped) != std::string_view::npos;
}

}  // namespace

class TextPattern::Expression {
 public:
  Expression(const std::string& text, const std::string& name) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '\\') continue;
      ++at;
      if (at < text.size() && !is_common_escape(text[at])) {
        refuse(text, name, concat("\\", text[at], " is not known"));
      }
    }
    UErrorCode status = U_ZERO_ERROR;
    UParseError place{};
    // In Ruby's syntax ^ and $ stand at lines, and only \n ends one.
    pattern_.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(text),
                                              UREGEX_MULTILINE | UREGEX_UNIX_LINES, place, status));
    if (U_FAILURE(status) != 0) refuse(text, name, u_errorName(status));
  }

  /// Calls `action(begin, end)` with every match, in UTF-16 units.
  template <class Action>
  bool each_match(const icu::UnicodeString& text, const Action& action) const {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(text, status));
    if (U_FAILURE(status) != 0) return false;
    matcher->setTimeLimit(most_steps(text.length()), status);
    matcher->setStackLimit(most_memory(text.length()), status);
    while (matcher->find(status) != 0) {
      action(matcher->start(status), matcher->end(status));
    }
    return U_SUCCESS(status) != 0;
  }

 private:
  [[noreturn]] static void refuse(const std::string& text, const std::string& name,
                                  const std::string& reason) {
    throw Error(Exit::bad_data, concat(name, " is no tokenizer.json that is read: the expression ",
                                       shown(text), " cannot be used (", reason,
                                       "). docs/tokenizers.md lists what is; choose another one."));
  }

  std::unique_ptr<const icu::RegexPattern> pattern_;
};

TextPattern::TextPattern(const PatternOptions& options, const std::string& name)
    : text_(options.text), name_(name) {
  if (options.is_expression) expression_ = std::make_shared<const Expression>(options.text, name);
}

std::vector<TextPart> TextPattern::parts(std::string_view text) const {
  std::vector<TextPart> parts;
  std::size_t done = 0;
  const auto add = [&](std::size_t begin, std::size_t end) {
    if (begin > done) parts.push_back({done, begin, false});
    parts.push_back({begin, end, true});
    done = end;
  };
  if (expression_ == nullptr) {
    for (std::size_t at = 0; (at = text.find(text_, at)) != std::string_view::npos;) {
      add(at, at + text_.size());
      at = done;
    }
  } else {
    const icu::UnicodeString units =
        icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    std::int32_t unit = 0;
    std::size_t byte = 0;
    // Where in the bytes the unit is; units are asked for in order.
    const auto byte_of = [&](std::int32_t wanted) {
      while (unit < wanted) {
        const auto head = static_cast<unsigned char>(text[byte]);
        const std::size_t size = head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
        byte += size;
        unit += size == 4 ? 2 : 1;
      }
      return byte;
    };
    const bool is_done = expression_->each_match(units, [&](std::int32_t begin, std::int32_t end) {
      const std::size_t first = byte_of(begin);
      add(first, byte_of(end));
    });
    if (!is_done) {
      throw Error(Exit::bad_data,
                  concat(name_, ": an expression goes back too often on a text of ", text.size(),
                         " bytes. Shorten the text, or choose another tokenizer."));
    }
  }
  if (done < text.size()) parts.push_back({done, text.size(), false});
  return parts;
}

std::string TextPattern::replaced(std::string_view text, std::string_view content,
                                  std::size_t most) const {
  std::string result;
  for (const TextPart& part : parts(text)) {
    result += part.is_match ? content : text.substr(part.begin, part.end - part.begin);
    if (result.size() > most) break;
  }
  return result;
}

}  // namespace weft::host
