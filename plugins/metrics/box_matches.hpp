// SPDX-License-Identifier: Apache-2.0
/// Which detections of one picture and class meet which objects, as COCO's evaluation finds it.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace boxes {

  inline constexpr std::size_t k_thresholds = 10, k_areas = 4, k_most_detections = 100;

  /// 0.5, 0.55, …, 0.95 as numpy.linspace rounds them.
  inline double threshold(std::size_t i) {
    return static_cast<double>(i) * ((0.95 - 0.5) / 9) + 0.5;
  }

  /// Square pixels: all, small, medium, large.
  inline constexpr std::array<std::array<double, 2>, k_areas> k_area_ranges = {
      {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};

  struct Box {
    double x = 0, y = 0, width = 0, height = 0;
  };
  struct Object {
    Box box;
    double area = 0;
    bool is_crowd = false;
  };
  struct Detection {
    Box box;
    double score = 0;
  };
  /// Bit area · k_thresholds + threshold says that the detection met an object, or does not count.
  struct Met {
    double score = 0;
    std::uint64_t matched = 0, ignored = 0;
  };

  /// Intersection over union; over the detection alone where the object is a crowd.
  inline double overlap(const Box& detection, const Object& object) {
    const Box& b = object.box;
    const double width =
        std::min(detection.x + detection.width, b.x + b.width) - std::max(detection.x, b.x);
    const double height =
        std::min(detection.y + detection.height, b.y + b.height) - std::max(detection.y, b.y);
    if (width <= 0 || height <= 0) return 0;
    const double shared = width * height, own = detection.width * detection.height;
    return shared / (object.is_crowd ? own : own + b.width * b.height - shared);
  }

  inline bool is_outside(double area, std::size_t range) {
    return area < k_area_ranges[range][0] || area > k_area_ranges[range][1];
  }

  /// Matches of one picture and class for one range of areas and one threshold, each detection to
  /// the object that it overlaps most of those that are left; objects that count come first.
  class Matching {
   public:
    Matching(const std::vector<Object>& objects, std::vector<std::vector<double>> overlaps)
        : objects_(objects), overlaps_(std::move(overlaps)) {}

    void match(std::size_t range, std::size_t at, std::vector<Met>& met) const {
      std::vector<std::size_t> order(objects_.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      const auto is_ignored = [&](std::size_t i) {
        return objects_[i].is_crowd || is_outside(objects_[i].area, range);
      };
      std::stable_partition(order.begin(), order.end(),
                            [&](std::size_t i) { return !is_ignored(i); });
      std::vector<char> taken(objects_.size());
      const std::uint64_t bit = std::uint64_t{1} << (range * k_thresholds + at);
      constexpr std::size_t k_none = ~std::size_t{0};
      for (std::size_t d = 0; d < met.size(); ++d) {
        double best = std::min(threshold(at), 1 - 1e-10);
        std::size_t found = k_none;
        for (const std::size_t i : order) {
          if (taken[i] != 0 && !objects_[i].is_crowd) continue;
          if (found != k_none && !is_ignored(found) && is_ignored(i)) break;
          if (overlaps_[d][i] < best) continue;
          best = overlaps_[d][i];
          found = i;
        }
        if (found == k_none) continue;
        taken[found] = 1;
        met[d].matched |= bit;
        if (is_ignored(found)) met[d].ignored |= bit;
      }
    }

   private:
    const std::vector<Object>& objects_;
    std::vector<std::vector<double>> overlaps_;  // [detection][object]
  };

  /// The best k_most_detections of a picture and class, best first.
  inline std::vector<Met> match(std::vector<Detection> detections,
                                const std::vector<Object>& objects) {
    std::stable_sort(detections.begin(), detections.end(),
                     [](const Detection& a, const Detection& b) { return a.score > b.score; });
    if (detections.size() > k_most_detections) detections.resize(k_most_detections);
    std::vector<std::vector<double>> overlaps;
    std::vector<Met> met;
    for (const Detection& detection : detections) {
      met.push_back({detection.score});
      overlaps.emplace_back();
      for (const Object& object : objects)
        overlaps.back().push_back(overlap(detection.box, object));
    }
    const Matching matching(objects, std::move(overlaps));
    for (std::size_t range = 0; range < k_areas; ++range)
      for (std::size_t at = 0; at < k_thresholds; ++at) {
        matching.match(range, at, met);
        const std::uint64_t bit = std::uint64_t{1} << (range * k_thresholds + at);
        for (std::size_t d = 0; d < met.size(); ++d) {
          const Box& box = detections[d].box;
          if ((met[d].matched & bit) == 0 && is_outside(box.width * box.height, range))
            met[d].ignored |= bit;
        }
      }
    return met;
  }

  }  // namespace boxes
}  // namespace weft
