// SPDX-License-Identifier: Apache-2.0
#include "host/report/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/report/chart.hpp"
#include "host/report/run_curves.hpp"

namespace weft::host {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

TEST(Page, IsOneFileWithoutScriptsAndAddresses) {
  Page page("Run <a>", "seed 1");
  page.add("Losses", "<p>content</p>");
  const std::string html = page.html();
  EXPECT_THAT(html, HasSubstr("Run &lt;a&gt;"));
  EXPECT_THAT(html, HasSubstr("<a href=\"#s0\">Losses</a>"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme:dark"));
  for (const char* word : {"<script", "http:", "https:", "url(", "@import"})
    EXPECT_THAT(html, Not(HasSubstr(word)));
}

TEST(Page, TablesHaveHeadsAndNumbersToTheRight) {
  const std::string html = html_table("c", {{"metric", "value"}, {"<b>", "0.5 [0.4, 0.6]"}});
  EXPECT_THAT(html,
              HasSubstr("<th scope=\"row\">&lt;b&gt;</th><td class=\"n\">0.5 [0.4, 0.6]</td>"));
}

TEST(Chart, ManyPointsAreThinnedAndNoSpikeIsLost) {
  std::vector<ChartPoint> points;
  for (int step = 0; step < 10'000; ++step) points.push_back({1.0 * step, 1, 1, 1});
  points[7'777] = {7'777, 50, 50, 50};
  const std::vector<ChartPoint> thin = thinned(points, k_most_points);
  ASSERT_EQ(thin.size(), k_most_points);
  double most = 0, sum = 0;
  for (const ChartPoint& point : thin) most = std::max(most, point.high), sum += point.y;
  EXPECT_EQ(most, 50);
  EXPECT_NEAR(sum / k_most_points, (9'999 + 50) / 10'000.0, 1e-9);
  EXPECT_LT(html_chart({"loss", points, {{0, "fit"}}}).size(), 20'000U);
}

TEST(Chart, WhatIsNoNumberIsAGap) {
  const std::vector<ChartPoint> points = {{1, 1, 1, 1}, {2, NAN, NAN, NAN}, {3, 2, 2, 2}};
  const std::string html = html_chart({"loss", points, {}});
  EXPECT_THAT(html, Not(HasSubstr("nan,")));
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = html.find("<polyline", at)) != std::string::npos; ++at) ++lines;
  EXPECT_EQ(lines, 2U);
  EXPECT_EQ(html_chart({"loss", {{1, NAN, NAN, NAN}}, {}}), "");
}

TEST(Chart, WideRangesAreLogarithmicWhereTheyMay) {
  const std::vector<ChartPoint> points = {{1, 1000, 1000, 1000}, {2, 0.1, 0.1, 0.1}};
  EXPECT_THAT(html_chart({"loss", points, {}, true}), HasSubstr("(logarithmic)"));
  EXPECT_THAT(html_chart({"loss", points, {}, false}), Not(HasSubstr("(logarithmic)")));
}

// Steps count through the stages, and one that was trained again counts once.
TEST(RunCurves, JoinStagesAndStretches) {
  const auto step = [](const char* stage, int number, double loss) {
    return Json{
        {"event", "step"}, {"stage", stage}, {"step", number}, {"losses", {{"total", loss}}}};
  };
  const RunCurves curves = curves_of({step("a", 1, 4), step("a", 2, 3), step("a", 2, 2.5),
                                      step("b", 1, 9), Json{{"event", "start"}},
                                      Json{{"event", "measure"},
                                           {"stage", "b"},
                                           {"step", 1},
                                           {"values", {{"m.m", 0.5}}},
                                           {"low", {{"m.m", 0.4}}},
                                           {"high", {{"m.m", 0.7}}}}});
  const std::vector<ChartPoint>& total = curves.losses.at("total");
  ASSERT_EQ(total.size(), 3U);
  EXPECT_EQ(total[1].y, 2.5);
  EXPECT_EQ(total[2].x, 3);
  EXPECT_EQ(curves.measured.at("m.m")[0].low, 0.4);
  EXPECT_EQ(curves.measured.at("m.m")[0].x, 3);
  EXPECT_EQ(curves.stages[1], (std::pair<double, std::string>{2, "b"}));
}

}  // namespace
}  // namespace weft::host
