// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/precompiled_rules.hpp"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/little_endian.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_longest_grapheme = 5;  // bytes of one that is replaced as a whole

// Of a unit of the double array.
std::uint32_t offset_of(std::uint32_t unit) {
  return unit >> 10 << ((unit & 1U << 9) >> 6);
}
bool has_leaf(std::uint32_t unit) {
  return (unit >> 8 & 1U) != 0;
}
std::uint32_t label_of(std::uint32_t unit) {
  return unit & (1U << 31 | 0xffU);
}

/// Ends of the extended grapheme clusters (Unicode Standard Annex 29).
std::vector<std::size_t> grapheme_ends(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, decltype(&utext_close)> view(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status),
      &utext_close);
  const std::unique_ptr<icu::BreakIterator> ends(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  if (U_SUCCESS(status) != 0) ends->setText(view.get(), status);
  if (U_FAILURE(status) != 0)
    throw Error(Exit::failed, concat("ICU cannot divide a text into graphemes (",
                                     u_errorName(status), "). Is its data installed?"));
  std::vector<std::size_t> result;
  while (ends->next() != icu::BreakIterator::DONE)
    result.push_back(static_cast<std::size_t>(ends->current()));
  return result;
}

}  // namespace

PrecompiledRules::PrecompiledRules(std::string_view bytes) {
  constexpr std::size_t k_unit = sizeof(std::uint32_t);
  const std::size_t size = little_endian(bytes.substr(0, k_unit));
  bytes.remove_prefix(k_unit);
  for (std::size_t at = 0; at < size; at += k_unit)
    units_.push_back(static_cast<std::uint32_t>(little_endian(bytes.substr(at, k_unit))));
  replacements_ = bytes.substr(size);
}

std::optional<std::string_view> PrecompiledRules::replacement(std::string_view text) const {
  // Whatever the table says, nothing outside of it is read.
  std::size_t place = offset_of(units_[0]);
  for (const char byte : text) {
    const auto label = static_cast<unsigned char>(byte);
    place ^= label;
    if (label == 0 || place >= units_.size() || label_of(units_[place]) != label)
      return std::nullopt;
    const std::uint32_t unit = units_[place];
    place ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    const std::size_t begin =
        place < units_.size() ? units_[place] & INT32_MAX : replacements_.size();
    if (begin >= replacements_.size()) return std::nullopt;
    return std::string_view(replacements_).substr(begin, replacements_.find('\0', begin) - begin);
  }
  return std::nullopt;
}

void PrecompiledRules::add_replaced(std::string_view grapheme, std::string& result) const {
  if (grapheme.size() <= k_longest_grapheme)
    if (const auto whole = replacement(grapheme)) {
      result += *whole;
      return;
    }
  for (std::size_t at = 0; at < grapheme.size();) {
    const std::size_t begin = at;
    next_character(grapheme, at);
    const std::string_view character = grapheme.substr(begin, at - begin);
    result += replacement(character).value_or(character);
  }
}

std::string PrecompiledRules::apply(const std::string& text) const {
  std::string result;
  const std::string_view view = text;
  // Of ASCII only a carriage return and its line feed are one grapheme.
  if (is_ascii(text) && text.find('\r') == std::string::npos) {
    for (std::size_t i = 0; i < text.size(); ++i) add_replaced(view.substr(i, 1), result);
    return well_formed(result);
  }
  std::size_t begin = 0;
  for (const std::size_t end : grapheme_ends(text)) {
    add_replaced(view.substr(begin, end - begin), result);
    begin = end;
  }
  return well_formed(result);  // the rules may be of any bytes
}

}  // namespace weft::host
