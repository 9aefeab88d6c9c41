// SPDX-License-Identifier: Apache-2.0
/// The kind `boxes`: rectangles on a picture, with labels -> float32 [max_boxes, 4], NAME_mask
/// [max_boxes], and with `classes` NAME_label int64 [max_boxes].
///
/// A row holds x1, y1, x2, y2, the left, upper, right and lower edge. With `image` they are parts
/// of the width and height of that field, 0 to 1, after its resizing, crop and flips; what lies
/// outside is cut off, and boxes of which nothing is left are left out. Without it they stay as
/// they are.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/image/image.hpp"
#include "host/data/section/section.hpp"
#include "host/data/text/text_options.hpp"

namespace weft::host {
namespace {

constexpr int k_most_boxes = 100'000;
constexpr std::size_t k_edges = 4, k_columns = 5;  ///< of a decoded box: edges and label

class Boxes final : public FieldKind {
 public:
  explicit Boxes(const Section& section)
      : max_boxes_(section.integer("max_boxes", std::nullopt, 1, k_most_boxes)),
        image_(section.word("image", "")),
        box_key_(section.word("box_key", "bbox")),
        label_key_(section.word("label_key", "label")) {
    const std::string format = section.word("format", "xywh");
    if (format != "xywh" && format != "xyxy") section.refuse("format", "xywh or xyxy");
    is_sized_ = format == "xywh";
    if (section.has("classes")) classes_ = class_options(section);
    if (section.has("image") && image_.empty())
      section.refuse("image", "the name of an image field");
  }

  std::vector<FieldSpec> specs(const std::string& name) const override {
    const std::string mask = name + "_mask";
    std::vector<FieldSpec> specs = {
        {name, DType::float32, {max_boxes_, std::int64_t{k_edges}}, mask, 0},
        {mask, DType::boolean, {max_boxes_}, "", 0}};
    if (classes_) {
      specs.push_back(
          {name + "_label", DType::int64, {max_boxes_}, mask, std::ssize(classes_->classes)});
    }
    return specs;
  }

  std::string image() const override { return image_; }

  /// float32 [boxes, 5]: the edges and the label of each.
  Feature decode(std::string_view content, const std::string& place) const override {
    const nlohmann::json list = list_of(content, place);
    Array boxes = Array::empty(DType::float32, {std::ssize(list), std::int64_t{k_columns}});
    float* out = boxes.data<float>();
    for (std::size_t i = 0; i < list.size(); ++i, out += k_columns) {
      const std::string one = concat(place, ": box ", i);
      const std::array<float, k_edges> edges = edges_of(list[i], one);
      std::ranges::copy(edges, out);
      out[k_edges] = classes_ ? static_cast<float>(label_of(list[i], one)) : 0;
    }
    return {std::move(boxes), std::ssize(list)};
  }

  void write(const Feature& feature, RowWriter& row) const override {
    const std::span<float> out = row.array<float>();
    const std::span<bool> mask = row.array<bool>("_mask");
    std::ranges::fill(out, 0.0F);
    std::ranges::fill(mask, false);
    std::span<std::int64_t> labels;
    if (classes_) labels = row.array<std::int64_t>("_label");
    std::ranges::fill(labels, 0);
    std::size_t count = 0;
    const float* box = feature.values.data<float>();
    for (std::int64_t i = 0; i < feature.frames && count < mask.size(); ++i, box += k_columns) {
      std::array<float, k_edges> edges{box[0], box[1], box[2], box[3]};
      if (row.placement() != nullptr && !place(edges, *row.placement())) continue;
      std::ranges::copy(edges, out.subspan(count * k_edges).begin());
      if (classes_) labels[count] = static_cast<std::int64_t>(box[k_edges]);
      mask[count++] = true;
    }
  }

  std::optional<FittedLength> length(const Feature& feature) const override {
    return FittedLength{feature.frames, max_boxes_};
  }

 private:
  [[noreturn]] static void refuse(const std::string& place, const std::string& what) {
    throw Error(Exit::bad_data, concat(place, " ", what, ". Correct the sample."));
  }

  static nlohmann::json list_of(std::string_view content, const std::string& place) {
    try {
      constexpr std::size_t k_deepest = 16;
      nlohmann::json json = parse_strictly(content, {k_deepest, 0, true});
      if (json.is_array()) return json;
    } catch (const std::invalid_argument&) {
      // The same sentence as for a number.
    }
    throw Error(Exit::bad_data,
                concat(place, ": ", shown(content), " is no list of boxes such as ",
                       R"([{"bbox": [10, 20, 30, 40], "label": "cat"}])", ". Correct the sample."));
  }

  std::array<float, k_edges> edges_of(const nlohmann::json& entry, const std::string& place) const {
    const bool is_object = entry.is_object() && entry.contains(box_key_);
    const nlohmann::json& box = is_object ? entry.at(box_key_) : entry;
    const bool is_box = box.is_array() && box.size() == k_edges &&
                        std::ranges::all_of(box, [](const auto& x) { return x.is_number(); });
    if (!is_box) {
      refuse(place, concat("is ", shown(entry.dump()), ", not four numbers, or an object with ",
                           shown(box_key_)));
    }
    std::array<float, k_edges> edges{};
    for (std::size_t i = 0; i < k_edges; ++i) {
      double edge = box[i].get<double>();
      if (is_sized_ && i >= 2) edge += box[i - 2].get<double>();
      edges[i] = static_cast<float>(edge);
      if (!std::isfinite(edges[i])) refuse(place, "has an edge that is too large");
    }
    if (!(edges[0] < edges[2] && edges[1] < edges[3])) {
      refuse(place, concat("is ", shown(box.dump()), ", which has no area as ",
                           is_sized_ ? "[x, y, width, height]" : "[x1, y1, x2, y2]"));
    }
    return edges;
  }

  std::int64_t label_of(const nlohmann::json& entry, const std::string& place) const {
    if (!entry.is_object() || !entry.contains(label_key_)) {
      refuse(place, concat("has no ", shown(label_key_), ", and the field has classes"));
    }
    const nlohmann::json& label = entry.at(label_key_);
    const std::string text = label.is_string() ? label.get<std::string>() : label.dump();
    const auto index = classes_->index_of(text);
    if (!index) {
      refuse(place, concat("is of the label ", shown(text), ", which is no class of the field.",
                           suggestion(text, classes_->classes), " Add it to the classes"));
    }
    return *index;
  }

  /// Moves a box to its field. False where nothing of it is left.
  static bool place(std::array<float, k_edges>& edges, const Placement& placement) {
    for (std::size_t i = 0; i < k_edges; ++i) {
      const bool is_x = i % 2 == 0;
      const double at = static_cast<double>(edges[i]);
      const double moved = is_x ? placement.scale_x * at + placement.shift_x
                                : placement.scale_y * at + placement.shift_y;
      edges[i] = static_cast<float>(
          std::clamp(moved / (is_x ? placement.width : placement.height), 0.0, 1.0));
    }
    if (edges[0] > edges[2]) std::swap(edges[0], edges[2]);  // flipped
    if (edges[1] > edges[3]) std::swap(edges[1], edges[3]);
    return edges[0] < edges[2] && edges[1] < edges[3];
  }

  std::int64_t max_boxes_;
  std::string image_, box_key_, label_key_;
  bool is_sized_ = true;
  std::optional<ClassOptions> classes_;
};

}  // namespace

std::shared_ptr<const FieldKind> boxes_kind(const Section& section, const Source& /*source*/) {
  if (!section.has("pointer") && !section.has("member")) {
    section.fail("pointer", "where the list of boxes stands, or \"member\"");
  }
  return std::make_shared<const Boxes>(section);
}

}  // namespace weft::host
