// SPDX-License-Identifier: Apache-2.0
/// metric.mean_average_precision against pycocotools 2.0.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.mean_average_precision";

/// Pictures [first, first + count) of tests/data/metrics/detection.json.
Arrays batch_of(const Json& pictures, std::size_t first, std::size_t count, bool edges) {
  std::size_t found = 1, there = 1;
  for (const Json& one : pictures) {
    found = std::max(found, one["results"].size());
    there = std::max(there, one["objects"].size());
  }
  const auto column = [&](const char* list, std::size_t most, std::size_t at) {
    std::vector<double> values;
    for (std::size_t i = first; i < first + count; ++i)
      for (std::size_t j = 0; j < most; ++j) {
        const Json& all = pictures[i][list];
        values.push_back(j < all.size() ? all[j][at].get<double>() : 0);
      }
    return values;
  };
  const auto rows = static_cast<std::int64_t>(count);
  const auto boxes = [&](const char* list, std::size_t most) {
    std::vector<std::vector<double>> columns;
    for (std::size_t at = 1; at <= 4; ++at) columns.push_back(column(list, most, at));
    std::vector<double> values;
    for (std::size_t i = 0; i < columns[0].size(); ++i)
      for (std::size_t at = 0; at < 4; ++at)
        values.push_back(columns[at][i] + (edges && at >= 2 ? columns[at - 2][i] : 0));
    return floats(values, {rows, static_cast<std::int64_t>(most), 4}, DType::float64);
  };
  const auto integers = [&](const std::vector<double>& values, std::size_t most) {
    return ints({values.begin(), values.end()}, {rows, static_cast<std::int64_t>(most)});
  };
  const auto real = [&](const char* list, std::size_t most) {
    std::vector<int> flags;
    for (std::size_t i = first; i < first + count; ++i)
      for (std::size_t j = 0; j < most; ++j) flags.push_back(j < pictures[i][list].size() ? 1 : 0);
    return mask(flags, {rows, static_cast<std::int64_t>(most)});
  };
  const std::vector<double> crowd = column("objects", there, 6);
  return {{"boxes", {boxes("results", found)}},
          {"scores",
           {floats(column("results", found, 5), {rows, static_cast<std::int64_t>(found)},
                   DType::float64)}},
          {"labels", {integers(column("results", found, 0), found)}},
          {"target", {boxes("objects", there)}},
          {"target_label", {integers(column("objects", there, 0), there)}},
          {"area",
           {floats(column("objects", there, 5), {rows, static_cast<std::int64_t>(there)},
                   DType::float64)}},
          {"crowd", {mask({crowd.begin(), crowd.end()}, {rows, static_cast<std::int64_t>(there)})}},
          {"boxes_mask", {real("results", found)}},
          {"target_mask", {real("objects", there)}}};
}

std::map<std::string, double> measure_pictures(const std::string& config, std::size_t batch,
                                               bool edges) {
  const Json pictures = cases_of("detection")["cases"];
  Part part(id, config, {}, DType::float64);
  for (std::size_t first = 0; first < pictures.size(); first += batch)
    part.update(batch_of(pictures, first, std::min(batch, pictures.size() - first), edges));
  return part.compute();
}

TEST(MeanAveragePrecision, MatchesPycocotools) {
  const Json scores = cases_of("detection")["scores"];
  for (const bool edges : {false, true})
    for (const std::size_t batch : {59U, 8U, 1U}) {
      const auto found = measure_pictures(
          std::string(R"({"classes": 91, "format": ")") + (edges ? "xyxy" : "xywh") + "\"}", batch,
          edges);
      for (const auto& [ours, theirs] : {std::pair{"ap", "AP"},
                                         {"ap_50", "AP50"},
                                         {"ap_75", "AP75"},
                                         {"ap_small", "AP_small"},
                                         {"ap_medium", "AP_medium"},
                                         {"ap_large", "AP_large"},
                                         {"ar_1", "AR_1"},
                                         {"ar_10", "AR_10"},
                                         {"ar_100", "AR_100"},
                                         {"ar_small", "AR_small"},
                                         {"ar_medium", "AR_medium"},
                                         {"ar_large", "AR_large"}})
        EXPECT_NEAR(found.at(ours), scores[theirs], 1e-6) << ours << " in batches of " << batch;
    }
}

Arrays one_picture(const std::vector<double>& boxes, const std::vector<double>& scores) {
  const auto count = static_cast<std::int64_t>(scores.size());
  return {{"boxes", {floats(boxes, {1, count, 4})}},
          {"scores", {floats(scores, {1, count})}},
          {"labels", {ints(std::vector<std::int64_t>(scores.size(), 0), {1, count})}},
          {"target", {floats({0, 0, 0.5, 0.5}, {1, 1, 4})}},
          {"target_label", {ints({0}, {1, 1})}}};
}

TEST(MeanAveragePrecision, ByHand) {
  const char* const config = R"({"classes": 1, "width": 100, "height": 100})";
  Part exact(id, config);
  exact.update(one_picture({0, 0, 0.5, 0.5}, {0.9}));
  EXPECT_NEAR(exact.compute().at("ap"), 1, 1e-12);
  EXPECT_NEAR(exact.compute().at("ap_medium"), 1, 1e-12);  // 50 by 50 pixels
  EXPECT_EQ(exact.compute().at("ap_small"), -1);
  // Three quarters overlap: right for 0.5, 0.55 … 0.75. A better false alarm halves the precision.
  Part part(id, config);
  part.update(one_picture({0.6, 0.6, 0.9, 0.9, 0, 0, 0.5, 0.375}, {0.9, 0.8}));
  EXPECT_NEAR(part.compute().at("ap_50"), 0.5, 1e-12);
  EXPECT_NEAR(part.compute().at("ap"), 0.5 * 6 / 10, 1e-12);
  EXPECT_NEAR(part.compute().at("ar_1"), 0, 1e-12);
  EXPECT_NEAR(part.compute().at("ar_10"), 6.0 / 10, 1e-12);
}

TEST(MeanAveragePrecision, OfNothingIsMinusOne) {
  Part part(id);
  EXPECT_EQ(part.compute().at("ap"), -1);
}

TEST(MeanAveragePrecision, LeavesOutPicturesThatAreAbsent) {
  Part part(id, R"({"classes": 1})", {{"present", 1}});
  Arrays inputs = one_picture({0.6, 0.6, 0.9, 0.9}, {0.9});
  inputs["present"] = {mask({0}, {1})};
  part.update(inputs);
  EXPECT_EQ(part.compute().at("ap"), -1);
}

TEST(MeanAveragePrecision, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"format": "cxcywh"})"), testing::HasSubstr("format"));
  Arrays inputs = one_picture({0, 0, 1, 1}, {0.9});
  inputs["labels"] = {ints({3}, {1, 1})};
  Part part(id, R"({"classes": 2})");
  try {
    part.update(inputs);
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("input \"labels\" holds the class 3, and there "
                                                 "are 2. Set classes to one more than the "
                                                 "largest."));
  }
}

}  // namespace
}  // namespace weft::test
