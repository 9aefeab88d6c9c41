// SPDX-License-Identifier: Apache-2.0
/// Mean average precision of boxes, as COCO counts it.
///
///   AP = mean over classes, thresholds t = 0.5, 0.55 … 0.95 and recalls r = 0, 0.01 … 1 of
///        max { precision(s) : recall(s) ≥ r },  s a score above which detections count
///   AR_k = mean over classes and t of the recall of at most k detections a picture and class
///
/// A detection is right if it overlaps an object of its class that no better one has taken by t or
/// more (intersection over union); crowds, and what lies outside the range of areas, count neither
/// way. Small is below 32² pixels, large above 96². A class without objects is left out, also for
/// each range of areas. `format` says what a box is: x1, y1, x2, y2 or x, y, width, height; `width`
/// and `height` are those of the picture where boxes are parts of it. Without the port `area` an
/// object's area is its box's.
///
/// Shapes  boxes [B, N, 4], scores [B, N], labels [B, N] int64, target [B, M, 4], target_label
///         [B, M] int64, area [B, M], crowd [B, M] bool, masks [B, N] and [B, M], present [B] bool;
///         outputs []. No class left: -1, as the tool has it.
/// Source  Lin et al. 2014, arXiv:1405.0312. The numbers are those of pycocotools 2.0.

#include <weft/plugin.hpp>

#include <limits>
#include <map>

#include "box_matches.hpp"
#include "text/rows.hpp"

namespace weft {
namespace {

constexpr std::int64_t k_columns = 5;  // class, place in its picture, score, matched, ignored
constexpr std::size_t k_recalls = 101;

/// The given elements, as float64; none where the port is not wired.
std::vector<double> elements(const Tensor& tensor) {
  return tensor ? text::values_of(tensor.to(WEFT_DTYPE_FLOAT64)) : std::vector<double>{};
}

class MeanAveragePrecision final : public Metric {
 public:
  static constexpr Identity identity{"metric.mean_average_precision", "1.0.0",
                                     "Precision and recall of boxes, as COCO counts them."};

  struct Config {
    std::int64_t classes = 80;
    std::string format = "xyxy";
    double width = 1;
    double height = 1;

    void describe(Fields& fields) {
      fields.add("classes", classes, "Number of classes.").at_least(1).from_classes("target_label");
      fields.add("format", format, "What a box is.").one_of({"xyxy", "xywh"});
      fields.add("width", width, "Pixels across that 1 stands for.").above(0);
      fields.add("height", height, "Pixels down that 1 stands for.").above(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("boxes", "[B, N, 4]", "Boxes that were found.");
    ports.input("scores", "[B, N]", "How sure each is.");
    ports.input("labels", "[B, N]", "The class of each.", WEFT_DTYPES_INDEX);
    ports.input("target", "[B, M, 4]", "Boxes that are there.");
    ports.input("target_label", "[B, M]", "The class of each.", WEFT_DTYPES_INDEX);
    ports.optional_input("area", "[B, M]", "The object's area in square pixels.");
    ports.optional_input("crowd", "[B, M]", "True: many objects under one box.", WEFT_DTYPES_BOOL);
    ports.mask_input("boxes_mask", "[B, N]", "boxes");
    ports.mask_input("target_mask", "[B, M]", "target");
    ports.present_input();
    for (const char* name : k_names)
      ports.output(name, "[]", "Between 0 and 1; -1: there is nothing of that size.");
  }
  static void states(States& states, const Config& config) {
    states.rows("detections", {k_columns});
    states.sum("objects", {config.classes, static_cast<std::int64_t>(boxes::k_areas)});
  }

  MeanAveragePrecision(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Pictures pictures(in);
    std::vector<double> table;
    std::vector<double> counts(static_cast<std::size_t>(config_.classes) * boxes::k_areas);
    for (std::size_t row = 0; row < pictures.count; ++row) {
      if (!pictures.present.empty() && pictures.present[row] == 0) continue;
      std::map<std::size_t, std::pair<std::vector<boxes::Detection>, std::vector<boxes::Object>>>
          by_class;
      for (std::size_t i = row * pictures.found; i < (row + 1) * pictures.found; ++i)
        if (pictures.found_mask.empty() || pictures.found_mask[i] != 0)
          by_class[class_of(pictures.labels[i], "labels")].first.push_back(
              {box_of(&pictures.boxes[i * 4]), pictures.scores[i]});
      for (std::size_t i = row * pictures.there; i < (row + 1) * pictures.there; ++i)
        if (pictures.there_mask.empty() || pictures.there_mask[i] != 0)
          by_class[class_of(pictures.target_labels[i], "target_label")].second.push_back(
              object_of(pictures, i));
      for (const auto& [number, both] : by_class) {
        for (const boxes::Object& object : both.second)
          for (std::size_t range = 0; range < boxes::k_areas; ++range)
            if (!object.is_crowd && !boxes::is_outside(object.area, range))
              ++counts[number * boxes::k_areas + range];
        double place = 0;
        for (const boxes::Met& met : boxes::match(both.first, both.second))
          table.insert(table.end(),
                       {static_cast<double>(number), place++, met.score,
                        static_cast<double>(met.matched), static_cast<double>(met.ignored)});
      }
    }
    const Tensor before = state["detections"], objects = state["objects"];
    const auto added = static_cast<std::int64_t>(table.size()) / k_columns;
    state.set("detections",
              concat({before, text::tensor_of(table, {added, k_columns}, before)}, 0));
    state.add("objects", text::tensor_of(counts, objects.sizes(), objects));
  }

  Outputs compute(const State& state) const override {
    const Tensor like = state["objects"];
    const std::vector<double> objects = text::values_of(like);
    const std::vector<double> table = text::values_of(state["detections"]);
    std::map<std::size_t, std::vector<Kept>> by_class;
    for (std::size_t at = 0; at < table.size(); at += k_columns)
      by_class[static_cast<std::size_t>(table[at])].push_back(
          {table[at + 1], table[at + 2], static_cast<std::uint64_t>(table[at + 3]),
           static_cast<std::uint64_t>(table[at + 4])});
    for (auto& [number, kept] : by_class)
      std::stable_sort(kept.begin(), kept.end(),
                       [](const Kept& a, const Kept& b) { return a.score > b.score; });
    Sums sums;
    const std::vector<Kept> none;
    for (std::size_t c = 0; c < static_cast<std::size_t>(config_.classes); ++c) {
      const auto found = by_class.find(c);
      const std::vector<Kept>& kept = found == by_class.end() ? none : found->second;
      for (std::size_t range = 0; range < boxes::k_areas; ++range)
        if (const double positives = objects[c * boxes::k_areas + range]; positives > 0)
          add_class(kept, range, positives, sums);
    }
    Outputs outputs;
    for (std::size_t i = 0; i < std::size(k_names); ++i)
      outputs.emplace_back(
          k_names[i],
          text::number_of(sums[i].second > 0 ? sums[i].first / sums[i].second : -1, like));
    return outputs;
  }

 private:
  static constexpr const char* k_names[] = {"ap",        "ap_50",    "ap_75",     "ap_small",
                                            "ap_medium", "ap_large", "ar_1",      "ar_10",
                                            "ar_100",    "ar_small", "ar_medium", "ar_large"};
  /// Of each of k_names the sum and the number of what it is the mean of: NaN of none.
  using Sums = std::array<std::pair<double, double>, 12>;

  struct Kept {
    double place, score;
    std::uint64_t matched, ignored;
  };

  /// The inputs of a batch as numbers.
  struct Pictures {
    explicit Pictures(const Inputs& in)
        : count(static_cast<std::size_t>(in["boxes"].size(0))),
          found(static_cast<std::size_t>(in["boxes"].size(1))),
          there(static_cast<std::size_t>(in["target"].size(1))),
          boxes(elements(in["boxes"])),
          scores(elements(in["scores"])),
          labels(elements(in["labels"])),
          target(elements(in["target"])),
          target_labels(elements(in["target_label"])),
          area(elements(in["area"])),
          crowd(elements(in["crowd"])),
          found_mask(elements(in["boxes_mask"])),
          there_mask(elements(in["target_mask"])),
          present(elements(in["present"])) {}
    std::size_t count, found, there;
    std::vector<double> boxes, scores, labels, target, target_labels, area, crowd, found_mask,
        there_mask, present;
  };

  std::size_t class_of(double label, const char* port) const {
    if (!(label >= 0 && label < static_cast<double>(config_.classes)))
      throw Error(WEFT_INDEX, std::string("input \"") + port + "\" holds the class " +
                                  std::to_string(static_cast<std::int64_t>(label)) +
                                  ", and there are " + std::to_string(config_.classes) +
                                  ". Set classes to one more than the largest.");
    return static_cast<std::size_t>(label);
  }

  boxes::Box box_of(const double* edges) const {
    const bool is_sized = config_.format == "xywh";
    const double width = is_sized ? edges[2] : edges[2] - edges[0];
    const double height = is_sized ? edges[3] : edges[3] - edges[1];
    return {edges[0] * config_.width, edges[1] * config_.height, width * config_.width,
            height * config_.height};
  }

  boxes::Object object_of(const Pictures& pictures, std::size_t i) const {
    const boxes::Box box = box_of(&pictures.target[i * 4]);
    return {box, pictures.area.empty() ? box.width * box.height : pictures.area[i],
            !pictures.crowd.empty() && pictures.crowd[i] != 0};
  }

  static void add(std::pair<double, double>& mean, double value) {
    mean.first += value;
    ++mean.second;
  }

  static void add_class(const std::vector<Kept>& kept, std::size_t range, double positives,
                        Sums& sums) {
    for (std::size_t t = 0; t < boxes::k_thresholds; ++t) {
      const std::uint64_t bit = std::uint64_t{1} << (range * boxes::k_thresholds + t);
      const auto [precision, recall] = precision_and_recall(kept, bit, positives);
      add(sums[range == 0 ? 0 : 2 + range], precision);
      add(sums[range == 0 ? 8 : 8 + range], recall);
      if (range != 0) continue;
      if (t == 0) add(sums[1], precision);
      if (t == 5) add(sums[2], precision);
      add(sums[6], recall_of_first(kept, bit, positives, 1));
      add(sums[7], recall_of_first(kept, bit, positives, 10));
    }
  }

  static double recall_of_first(const std::vector<Kept>& kept, std::uint64_t bit, double positives,
                                double most) {
    double right = 0;
    for (const Kept& one : kept)
      if (one.place < most && (one.matched & bit) != 0 && (one.ignored & bit) == 0) ++right;
    return right / positives;
  }

  /// The mean precision at k_recalls recalls, and the recall of all.
  static std::pair<double, double> precision_and_recall(const std::vector<Kept>& kept,
                                                        std::uint64_t bit, double positives) {
    std::vector<double> precisions, recalls;
    double right = 0, wrong = 0;
    for (const Kept& one : kept) {
      if ((one.ignored & bit) == 0) ++((one.matched & bit) != 0 ? right : wrong);
      recalls.push_back(right / positives);
      precisions.push_back(right / (right + wrong + std::numeric_limits<double>::epsilon()));
    }
    for (std::size_t i = precisions.size(); i-- > 1;)
      precisions[i - 1] = std::max(precisions[i - 1], precisions[i]);
    double sum = 0;
    for (std::size_t i = 0; i < k_recalls; ++i) {
      const double least = i + 1 == k_recalls ? 1.0 : static_cast<double>(i) * 0.01;
      const auto first = std::lower_bound(recalls.begin(), recalls.end(), least);
      if (first != recalls.end())
        sum += precisions[static_cast<std::size_t>(first - recalls.begin())];
    }
    return {sum / static_cast<double>(k_recalls), right / positives};
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::MeanAveragePrecision)
