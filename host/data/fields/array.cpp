// SPDX-License-Identifier: Apache-2.0
/// The kind `array`: a .npy member or a list in the sample's JSON, of any rank -> float32 or int64
/// `shape`. With `max_length` the sample's first axis may have any length: it is cut or filled up
/// with 0, and NAME_mask says what is real. For precomputed features, EEG, lidar, lists of ids.

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/codec/npy.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/normalization.hpp"

namespace weft::host {
namespace {

constexpr int k_most_axes = 7, k_longest = 10'000'000;
constexpr std::int64_t k_most_values = 100'000'000;
constexpr double k_largest = 3.4e38;

std::string shown_shape(const std::vector<std::int64_t>& sizes) {
  std::string text = "[";
  for (const std::int64_t size : sizes) text += concat(text.size() > 1 ? ", " : "", size);
  return text + "]";
}

/// A nested list of numbers, all lists of one level of one length.
class ListReader {
 public:
  ListReader(const std::string& place, bool is_float) : place_(place), is_float_(is_float) {}

  NpyArray read(const nlohmann::json& list) {
    array_.is_float = is_float_;
    for (const nlohmann::json* at = &list; at->is_array(); at = &at->front()) {
      array_.sizes.push_back(std::ssize(*at));
      if (at->empty()) break;
    }
    add(list, 0);
    return std::move(array_);
  }

 private:
  void add(const nlohmann::json& value, std::size_t axis) {
    if (axis == array_.sizes.size()) return add_number(value);
    if (!value.is_array() || std::ssize(value) != array_.sizes[axis]) {
      throw Error(Exit::bad_data, concat(place_, ": its lists differ in length or depth. Give ",
                                         "lists of one length at each level."));
    }
    for (const nlohmann::json& item : value) add(item, axis + 1);
  }

  void add_number(const nlohmann::json& value) {
    if (!value.is_number() || (!is_float_ && !value.is_number_integer()) ||
        (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)) {
      throw Error(Exit::bad_data, concat(place_, ": ", shown(value.dump()), " is no ",
                                         is_float_ ? "number" : "whole number within 64 bits",
                                         ". Correct the sample."));
    }
    if (is_float_) {
      array_.floats.push_back(value.get<double>());
    } else {
      array_.integers.push_back(value.get<std::int64_t>());
    }
  }

  const std::string& place_;
  bool is_float_;
  NpyArray array_;
};

class ArrayKind final : public FieldKind {
 public:
  ArrayKind(const Section& section, const Source& source) : is_member_(!source.is_pointer()) {
    for (const std::string& word : section.words("shape")) shape_.push_back(axis(section, word));
    if (shape_.size() > k_most_axes)
      section.fail("shape", concat("at most ", k_most_axes, " axes"));
    max_length_ = section.integer("max_length", 0, 1, k_longest);
    const std::string dtype = section.word("dtype", "float");
    if (dtype != "float" && dtype != "integer") section.refuse("dtype", "float or integer");
    is_float_ = dtype == "float";
    classes_ = section.integer("classes", 0, 1, k_longest);
    if (is_float_ && section.has("classes")) section.refuse("classes", "dtype integer beside it");
    if (!is_float_ && (section.has("mean") || section.has("std"))) {
      section.refuse(section.has("mean") ? "mean" : "std", "dtype float beside it");
    }
    normalization_ = normalization(section, 1);
    std::int64_t count = std::max<std::int64_t>(max_length_, 1);
    for (const std::int64_t size : shape_) {
      item_ *= size;
      count *= size;
      if (count > k_most_values) {
        section.fail("shape", concat("at most ", k_most_values, " values in all"));
      }
    }
  }

  std::vector<FieldSpec> specs(const std::string& name) const override {
    FieldSpec spec{name, is_float_ ? DType::float32 : DType::int64, shape_, "", classes_};
    if (max_length_ == 0) return {spec};
    spec.sizes.insert(spec.sizes.begin(), max_length_);
    spec.mask = name + "_mask";
    return {spec, {spec.mask, DType::boolean, {max_length_}, "", 0}};
  }

  bool reads_bytes() const override { return is_member_; }

  std::string decoding() const override {
    std::string text =
        concat(is_float_ ? "float" : "integer", shown_shape(shape_), max_length_, ' ', classes_);
    for (const float value : {normalization_.mean[0], normalization_.std[0]}) {
      text += concat(' ', static_cast<double>(value));
    }
    return text;
  }

  /// [as many as the sample has, shape…].
  Feature decode(std::string_view content, const std::string& place) const override {
    const NpyArray array = is_member_ ? read_npy(content, place)
                                      : ListReader(place, is_float_).read(list(content, place));
    check_sizes(array, place);
    const std::int64_t length = max_length_ > 0 ? array.sizes[0] : 1;
    const std::int64_t kept = max_length_ > 0 ? std::min(length, max_length_) : 1;
    Array values = Array::empty(is_float_ ? DType::float32 : DType::int64, {kept, item_});
    const auto count = static_cast<std::size_t>(kept * item_);
    if (is_float_) {
      fill_floats(array, count, place, values.data<float>());
    } else {
      fill_integers(array, count, place, values.data<std::int64_t>());
    }
    return {std::move(values), length};
  }

  void write(const Feature& feature, RowWriter& row) const override {
    is_float_ ? copy<float>(feature, row) : copy<std::int64_t>(feature, row);
    if (max_length_ == 0) return;
    const std::span<bool> mask = row.array<bool>("_mask");
    const auto real = static_cast<std::size_t>(feature.values.sizes[0]);
    std::fill_n(mask.begin(), real, true);
    std::ranges::fill(mask.subspan(real), false);
  }

  const Normalization* undone() const override { return is_float_ ? &normalization_ : nullptr; }

  std::optional<FittedLength> length(const Feature& feature) const override {
    if (max_length_ == 0) return std::nullopt;
    return FittedLength{feature.frames, max_length_};
  }

 private:
  static std::int64_t axis(const Section& section, const std::string& word) {
    const bool is_number = !word.empty() && word.size() <= 8 &&
                           word.find_first_not_of("0123456789") == std::string::npos;
    const std::int64_t size = is_number ? std::stoll(word) : 0;
    if (size < 1 || size > k_longest) section.refuse("shape", "whole numbers from 1");
    return size;
  }

  static nlohmann::json list(std::string_view content, const std::string& place) {
    try {
      nlohmann::json json = parse_strictly(content, {k_most_axes + 1, 0, true});
      if (json.is_array()) return json;
    } catch (const std::invalid_argument&) {
      // The same sentence as for a number.
    }
    throw Error(Exit::bad_data, concat(place, ": ", shown(content), " is no list of numbers. ",
                                       "Correct the sample, or name a .npy member."));
  }

  void check_sizes(const NpyArray& array, const std::string& place) const {
    const std::size_t skipped = max_length_ > 0 ? 1 : 0;
    const bool fits = array.sizes.size() == shape_.size() + skipped &&
                      std::equal(shape_.begin(), shape_.end(),
                                 array.sizes.begin() + static_cast<std::ptrdiff_t>(skipped));
    // An empty list does not tell its inner axes.
    if (fits || (skipped == 1 && array.sizes == std::vector<std::int64_t>{0})) return;
    std::string wanted = shown_shape(shape_);
    if (skipped == 1) wanted = concat("[any", shape_.empty() ? "" : ", ", wanted.substr(1));
    throw Error(Exit::bad_data,
                concat(place, ": its shape is ", shown_shape(array.sizes), ", and the field's is ",
                       wanted, ". Correct shape or max_length, or the sample."));
  }

  void fill_floats(const NpyArray& array, std::size_t count, const std::string& place,
                   float* out) const {
    for (std::size_t i = 0; i < count; ++i) {
      const double value =
          array.is_float ? array.floats[i] : static_cast<double>(array.integers[i]);
      const float number = normalization_(value, 0);
      if (!(std::abs(static_cast<double>(number)) <= k_largest)) {
        throw Error(
            Exit::bad_data,
            concat(place, ": its value ", i, " is ", value,
                   ", which is not finite or does not fit in float32. Correct the sample."));
      }
      out[i] = number;
    }
  }

  void fill_integers(const NpyArray& array, std::size_t count, const std::string& place,
                     std::int64_t* out) const {
    if (array.is_float) {
      throw Error(Exit::bad_data, concat(place, ": it holds floats, and the field's dtype is ",
                                         "integer. Save integers, or set dtype to float."));
    }
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = array.integers[i];
      if (classes_ > 0 && (out[i] < 0 || out[i] >= classes_)) {
        throw Error(Exit::bad_data, concat(place, ": its value ", i, " is ", out[i],
                                           ", and the field's classes are 0 to ", classes_ - 1,
                                           ". Correct classes, or the sample."));
      }
    }
  }

  template <class T>
  static void copy(const Feature& feature, RowWriter& row) {
    const std::span<T> out = row.array<T>();
    const auto count = static_cast<std::size_t>(feature.values.count());
    std::copy_n(feature.values.data<T>(), count, out.begin());
    std::ranges::fill(out.subspan(count), T{0});
  }

  bool is_member_, is_float_ = true;
  std::vector<std::int64_t> shape_;  ///< of one entry where max_length_ is above 0
  std::int64_t item_ = 1, max_length_ = 0, classes_ = 0;
  Normalization normalization_;
};

}  // namespace

std::shared_ptr<const FieldKind> array_kind(const Section& section, const Source& source) {
  return std::make_shared<const ArrayKind>(section, source);
}

}  // namespace weft::host
