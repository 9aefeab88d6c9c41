// SPDX-License-Identifier: Apache-2.0
/// The kind `number`: one value -> float32 [], or with `size` a list of n -> float32 [n], which of
/// size 1 may also be a number alone. Each is
/// (value - mean) / std. `pointer` may be a list, such as of columns of a table: their values are
/// the list. For targets of a regression and for measured inputs.

#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/normalization.hpp"
#include "host/data/storage/plain_text.hpp"

namespace weft::host {
namespace {

constexpr int k_most_numbers = 1'000'000;
constexpr float k_largest = 3.4e38F;

class Number final : public FieldKind {
 public:
  explicit Number(const Section& section) {
    if (section.at("pointer").is_array()) pointers_ = section.words("pointer");
    if (!pointers_.empty() && section.has("size")) {
      section.refuse("size",
                     "none beside a list of pointers, which says how many numbers there are");
    } else if (!pointers_.empty()) {
      size_ = std::ssize(pointers_);
      sizes_ = {size_};
    } else if (section.has("size")) {
      size_ = section.integer("size", std::nullopt, 1, k_most_numbers);
      sizes_ = {size_};
    }
    normalization_ = normalization(section, static_cast<std::size_t>(size_));
  }

  std::vector<FieldSpec> specs(const std::string& name) const override {
    return {{name, DType::float32, sizes_, "", 0}};
  }

  Feature decode(std::string_view content, const std::string& place) const override {
    Array values = Array::empty(DType::float32, sizes_);
    const std::string_view text = without_blanks(content);
    if (sizes_.empty()) {
      values.data<float>()[0] = normalized(value_of(text, place), 0, place);
      return {std::move(values)};
    }
    const nlohmann::json list = list_of(text, place);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!pointers_.empty()) {
        const std::string value(without_blanks(list[i].get_ref<const std::string&>()));
        values.data<float>()[i] =
            normalized(value_of(value, concat(place, ": ", pointers_[i])), i, place);
        continue;
      }
      if (!list[i].is_number()) {
        refuse(place, concat("its entry ", i, " is ", shown(list[i].dump()), ", no number"));
      }
      values.data<float>()[i] = normalized(list[i].get<double>(), i, place);
    }
    return {std::move(values)};
  }

  void write(const Feature& feature, RowWriter& row) const override {
    std::copy_n(feature.values.data<float>(), size_, row.array<float>().data());
  }

  std::vector<std::string> pointers() const override { return pointers_; }

  const Normalization* undone() const override { return &normalization_; }

 private:
  [[noreturn]] static void refuse(const std::string& place, const std::string& what) {
    throw Error(Exit::bad_data, concat(place, ": ", what, ". Correct the sample, or leave it out ",
                                       "with filter or on_bad_sample."));
  }

  /// In float32 and finite.
  float normalized(double value, std::size_t entry, const std::string& place) const {
    const float number = normalization_(value, entry);
    if (!(std::abs(number) <= k_largest)) refuse(place, concat(value, " does not fit in float32"));
    return number;
  }

  static double value_of(std::string_view text, const std::string& place) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) {
      refuse(place, concat(shown(text), " is not a number such as 1.5"));
    }
    return value;
  }

  nlohmann::json list_of(std::string_view text, const std::string& place) const {
    nlohmann::json list;
    try {
      list = parse_strictly(text, {/*depth=*/1});
    } catch (const std::invalid_argument&) {
      refuse(place, concat(shown(text), " is not a list of numbers such as [1, 2.5]"));
    }
    if (list.is_number() && size_ == 1) list = nlohmann::json::array({list});
    if (!list.is_array()) refuse(place, concat(shown(text), " is not a list of numbers"));
    if (std::ssize(list) != size_) {
      refuse(place, concat("it has ", list.size(), " numbers, and the field's size is ", size_));
    }
    return list;
  }

  std::vector<std::string> pointers_;
  std::int64_t size_ = 1;
  std::vector<std::int64_t> sizes_;
  Normalization normalization_;
};

}  // namespace

std::shared_ptr<const FieldKind> number_kind(const Section& section, const Source&) {
  return std::make_shared<const Number>(section);
}

}  // namespace weft::host
