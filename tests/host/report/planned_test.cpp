// SPDX-License-Identifier: Apache-2.0
#include "host/report/planned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weft::host {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Json plan_of(const std::string& stage, double flops) {
  return {{"event", "plan"},
          {"stage", stage},
          {"steps", 10},
          {"parameters", 50},
          {"trainable", 40},
          {"flops", flops},
          {"seconds", 0.5},
          {"memory", {{"peak", 3 << 20}, {"weights", 1 << 20}}},
          {"parts",
           {{"vision",
             {{"forward_seconds", 0.1},
              {"backward_seconds", 0.2},
              {"flops", flops},
              {"parameters", 50},
              {"activation_bytes", 2 << 20}}},
            {"head", {{"forward_seconds", 0.05}, {"backward_seconds", 0.05}}}}},
          {"waited", 0.02},
          {"rest", 0.08}};
}

Json step_of(const std::string& stage, int step, double seconds) {
  return {{"event", "step"}, {"stage", stage}, {"step", step}, {"seconds", seconds}};
}

TEST(Planned, ForecastAndFactStandSideBySide) {
  const std::vector<Json> events = {plan_of("fit", 1e6), step_of("fit", 5, 1.0),
                                    step_of("fit", 8, 1.0)};
  RunCost cost;
  cost.peak_memory = 6 << 20;
  const std::string html = forecast_html(events, cost);
  const auto row = [](const std::string& what, const std::string& a, const std::string& b,
                      const std::string& c) {
    return "<th scope=\"row\">" + what + "</th><td class=\"n\">" + a + "</td><td class=\"n\">" + b +
           "</td><td class=\"n\">" + c + "</td>";
  };
  EXPECT_THAT(html, HasSubstr(row("peak memory, MiB", "3.0", "6.0", "2.00")));
  EXPECT_THAT(html, HasSubstr(row("seconds a step", "0.5", "1", "2.00")));
  EXPECT_THAT(html, HasSubstr(row("FLOPs in all steps", "1e+07", "8e+06", "0.80")));
  EXPECT_THAT(html, HasSubstr(row("FLOP/s", "2e+06", "1e+06", "0.50")));
}

TEST(Planned, PartsHaveTheirShareTheSlowestFirst) {
  const std::string html = parts_html({plan_of("fit", 1e6)});
  EXPECT_THAT(html, HasSubstr("Stage fit, one step of 500 ms"));
  EXPECT_THAT(html, HasSubstr("vision</th><td class=\"n\">60.0</td><td class=\"n\">100</td>"
                              "<td class=\"n\">200</td><td class=\"n\">1e+06</td>"
                              "<td class=\"n\">50</td><td class=\"n\">2.0</td>"));
  EXPECT_THAT(html, HasSubstr("waiting for data</th><td class=\"n\">4.0</td>"));
  EXPECT_LT(html.find("vision</th>"), html.find("head</th>"));
}

TEST(Planned, FlopsOfARunAreThoseOfItsStepsAndOfAllStages) {
  const std::vector<Json> events = {plan_of("a", 1e6), step_of("a", 10, 1), plan_of("b", 9e6),
                                    plan_of("b", 2e6),  // begun anew
                                    step_of("b", 3, 1)};
  EXPECT_EQ(flops_of(events), 16e6);
  EXPECT_EQ(flops_of({plan_of("a", 1e6), step_of("a", 10, 1), step_of("b", 1, 1)}), std::nullopt);
  EXPECT_EQ(flops_of({step_of("a", 10, 1)}), std::nullopt);
  EXPECT_EQ(forecast_html({step_of("a", 10, 1)}, {}), "");
  EXPECT_EQ(parts_html({step_of("a", 10, 1)}), "");
}

}  // namespace
}  // namespace weft::host
