// SPDX-License-Identifier: Apache-2.0
/// The kind `texts`: several texts of a sample, such as the captions of a picture, as UTF-8 bytes
/// -> uint8 NAME [max_texts, max_bytes] and bool NAME_mask of the same sizes, for the metrics that
/// compare what was written with references. A sample may have fewer: the rest is 0.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

constexpr int k_most_texts = 100'000, k_most_bytes = 1'000'000;
constexpr std::int64_t k_most_in_all = 100'000'000;

class Texts final : public FieldKind {
 public:
  explicit Texts(const Section& section)
      : max_texts_(section.integer("max_texts", std::nullopt, 1, k_most_texts)),
        max_bytes_(section.integer("max_bytes", std::nullopt, 1, k_most_bytes)),
        text_key_(section.word("text_key", "")) {
    if (max_texts_ * max_bytes_ > k_most_in_all)
      section.refuse("max_bytes", concat("at most ", k_most_in_all, " bytes in all"));
  }

  std::vector<FieldSpec> specs(const std::string& name) const override {
    const std::string mask = name + "_mask";
    return {{name, DType::uint8, {max_texts_, max_bytes_}, mask, 0},
            {mask, DType::boolean, {max_texts_, max_bytes_}, "", 0}};
  }

  /// uint8 [max_texts, max_bytes]; Feature::frames is the length of the longest text.
  Feature decode(std::string_view content, const std::string& place) const override {
    const nlohmann::json list = list_of(content, place);
    Array bytes = Array::empty(DType::uint8, {max_texts_, max_bytes_});
    std::fill_n(bytes.data<std::uint8_t>(), bytes.count(), std::uint8_t{0});
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string text = text_of(list[i], concat(place, ": text ", i));
      longest = std::max(longest, std::ssize(text));
      if (std::cmp_greater_equal(i, max_texts_)) continue;
      std::copy_n(text.begin(), whole_characters(text),
                  bytes.data<std::uint8_t>() + static_cast<std::int64_t>(i) * max_bytes_);
    }
    return {std::move(bytes), longest};
  }

  void write(const Feature& feature, RowWriter& row) const override {
    const std::span<std::uint8_t> out = row.array<std::uint8_t>();
    const std::span<bool> mask = row.array<bool>("_mask");
    std::copy_n(feature.values.data<std::uint8_t>(), out.size(), out.begin());
    std::ranges::fill(mask, false);
    const auto length = static_cast<std::size_t>(max_bytes_);
    for (std::size_t begin = 0; begin < out.size(); begin += length) {
      std::size_t size = length;
      while (size > 0 && out[begin + size - 1] == 0) --size;
      std::ranges::fill(mask.subspan(begin, size), true);
    }
  }

  std::optional<FittedLength> length(const Feature& feature) const override {
    return FittedLength{feature.frames, max_bytes_};
  }

 private:
  nlohmann::json list_of(std::string_view content, const std::string& place) const {
    try {
      constexpr std::size_t k_deepest = 16;
      nlohmann::json json = parse_strictly(content, {k_deepest, 0, true});
      if (json.is_array()) return json;
    } catch (const std::invalid_argument&) {
      // The same sentence as for a number.
    }
    throw Error(Exit::bad_data, concat(place, ": ", shown(content), " is no list of texts such as ",
                                       R"(["a cat", "a black cat"])", ". Correct the sample."));
  }

  std::string text_of(const nlohmann::json& entry, const std::string& place) const {
    const bool is_object = !text_key_.empty() && entry.is_object() && entry.contains(text_key_);
    const nlohmann::json& text = is_object ? entry.at(text_key_) : entry;
    if (text.is_string()) return text.get<std::string>();
    throw Error(Exit::bad_data,
                concat(place, " is ", shown(entry.dump()), ", no text",
                       text_key_.empty() ? "; text_key says where an object has one"
                                         : concat(" and no object with ", shown(text_key_)),
                       ". Correct the sample."));
  }

  /// How many bytes fit without cutting a character.
  std::size_t whole_characters(const std::string& text) const {
    auto size = static_cast<std::size_t>(max_bytes_);
    if (text.size() <= size) return text.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
    return size;
  }

  std::int64_t max_texts_, max_bytes_;
  std::string text_key_;
};

}  // namespace

std::shared_ptr<const FieldKind> texts_kind(const Section& section, const Source& /*source*/) {
  if (!section.has("pointer") && !section.has("member")) {
    section.fail("pointer", "where the list of texts stands, or \"member\"");
  }
  return std::make_shared<const Texts>(section);
}

}  // namespace weft::host
