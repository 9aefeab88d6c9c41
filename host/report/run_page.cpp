// SPDX-License-Identifier: Apache-2.0
#include "host/report/run_page.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/quantiles.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/report/chart.hpp"
#include "host/report/file_text.hpp"
#include "host/report/page.hpp"
#include "host/report/paired.hpp"
#include "host/report/planned.hpp"
#include "host/report/run_curves.hpp"
#include "host/report/run_summary.hpp"
#include "host/report/saved_evaluation.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

std::string in_grid(const std::string& html) {
  return html.empty() ? "" : concat("<div class=\"grid\">", html, "</div>\n");
}

/// "0.925 [0.904, 0.944]".
std::string with_interval(double value, const std::vector<double>& drawings) {
  const auto [low, high] = interval_95(drawings);
  std::string text = number(value, "%.4g");
  if (!std::isnan(low)) text += concat(" [", number(low, "%.4g"), ", ", number(high, "%.4g"), "]");
  return text;
}

std::string evaluation_html(const SavedEvaluation& saved) {
  Rows rows{{"metric", "value, 95 % interval"}};
  for (const auto& [metric, value] : saved.values) {
    const auto drawings = saved.drawings.find(metric);
    rows.push_back(
        {metric, with_interval(value, drawings == saved.drawings.end() ? std::vector<double>{}
                                                                       : drawings->second)});
  }
  std::string html = html_table(concat(saved.split, " split of ", saved.section, ", ", saved.rows,
                                       " samples, weights of ", saved.stage, "-", saved.step),
                                rows);
  if (saved.by.empty()) return html;
  Rows groups{{"group"}};
  for (const auto& [metric, value] : saved.values) groups.front().push_back(metric);
  for (const auto& [group, values] : saved.by) {
    groups.push_back({group});
    for (const auto& [metric, value] : saved.values)
      groups.back().push_back(values.contains(metric) ? number(values.at(metric), "%.4g") : "-");
  }
  return html + html_details("By group", html_table("", groups));
}

std::string outcome(const OpenFolder& run, const std::vector<Json>& events) {
  std::string html;
  for (const char* split : {"test", "val", "train"})
    if (has_evaluation(run, split)) html += evaluation_html(read_evaluation(run, split));
  if (html.empty()) html = "<p>Nothing is evaluated yet.</p>";
  for (const Json& event : events) {
    const std::string name = event["event"];
    if (name == "failed")
      html += concat("<p><b class=\"bad\">Failed</b> ", escaped(event.value("time", "")), ": ",
                     escaped(event.value("message", "")), "</p>");
    if (name == "divergence")
      html += concat("<p><b class=\"bad\">Diverged</b> at step ", event.value("step", 0), " of ",
                     escaped(event.value("stage", "")), " (", escaped(event.value("action", "")),
                     "): ", escaped(event.value("cause", "")), "</p>");
    if (name == "best")
      html += concat("<p>Stage ", escaped(event.value("stage", "")),
                     " ends with the weights of step ", event.value("step", 0), ", where ",
                     escaped(event.value("metric", "")), " was best.</p>");
    if (name == "resumed")
      html += concat("<p>Went on ", escaped(event.value("time", "")), " from ",
                     escaped(event.value("stage", "")), "-", event.value("step", 0), ".</p>");
  }
  return html;
}

std::string losses(const RunCurves& curves) {
  std::string html;
  const auto chart = [&](const std::string& name, const std::vector<ChartPoint>& points) {
    html += html_chart({name == "total" ? "total (what is minimised)" : name, points, curves.stages,
                        /*may_be_log=*/true});
  };
  if (const auto total = curves.losses.find("total"); total != curves.losses.end())
    chart("total", total->second);
  // With one loss of weight 1 the total is that loss.
  if (curves.losses.size() == 2) return in_grid(html);
  for (const auto& [name, points] : curves.losses)
    if (name != "total") chart(name, points);
  return in_grid(html);
}

std::string steps(const RunCurves& curves) {
  std::string html;
  html += html_chart({"learning rate", curves.learning_rate, curves.stages});
  html += html_chart({"norm of the gradient, before clipping", curves.gradient_norm, curves.stages,
                      /*may_be_log=*/true});
  html += html_chart({"seconds a step", curves.seconds, curves.stages, /*may_be_log=*/true});
  html += html_chart({"of these, waiting for data", curves.waited, curves.stages});
  return in_grid(html);
}

std::string validation(const RunCurves& curves) {
  std::string html;
  for (const auto& [name, points] : curves.measured)
    html += html_chart({name + " (val)", points, curves.stages});
  return in_grid(html);
}

std::string costs(const std::vector<Json>& events, const RunCurves& curves) {
  const RunCost cost = cost_of(events);
  Rows rows{{"what", "how much"}};
  if (cost.parameters) rows.push_back({"numbers that train", std::to_string(*cost.parameters)});
  if (cost.flops) rows.push_back({"FLOPs of all steps", number(*cost.flops, "%.3g")});
  if (cost.seconds) rows.push_back({"seconds, evaluation included", number(*cost.seconds, "%.0f")});
  if (cost.peak_memory)
    rows.push_back(
        {"peak memory, MiB", number(static_cast<double>(*cost.peak_memory) / (1 << 20), "%.0f")});
  double seconds = 0, waited = 0;
  for (const ChartPoint& point : curves.seconds) seconds += std::isfinite(point.y) ? point.y : 0;
  for (const ChartPoint& point : curves.waited) waited += std::isfinite(point.y) ? point.y : 0;
  if (seconds > 0)
    rows.push_back(
        {"of the logged steps' time, waiting for data, %", number(100 * waited / seconds, "%.2g")});
  return rows.size() > 1 ? html_table("", rows) : "<p>Nothing is recorded yet.</p>";
}

std::string file_html(const OpenFolder& run, const std::string& name) {
  if (!run.has_file(name)) return "";
  constexpr std::size_t k_longest = std::size_t{1} << 19;  // so that a page stays a page
  std::string text = file_text(run, name, std::size_t{1} << 24);
  const bool is_cut = text.size() > k_longest;
  if (is_cut) text.resize(k_longest);
  return html_details(name, concat("<pre>", escaped(text), is_cut ? "\n…" : "", "</pre>"));
}

}  // namespace

std::string run_page(const OpenFolder& run, const RunPageSamples& samples) {
  const Json recipe = kept_recipe(run);
  const std::vector<Json> events = events_of(run);
  const RunCurves curves = curves_of(events);
  const std::string begun = events.empty() ? "" : events.front().value("time", "");
  Page page(
      concat("Run ", recipe.value("name", run.path())),
      concat(escaped(run.path()), ", seed ", recipe.value("seed", 0), ", begun ", escaped(begun),
             ", ", curves.steps, " steps up to ", escaped(latest_of(run)), "."));
  page.add("Outcome", outcome(run, events));
  if (const std::string html = losses(curves); !html.empty()) page.add("Losses", html);
  if (const std::string html = validation(curves); !html.empty()) page.add("Validation", html);
  if (const std::string html = steps(curves); !html.empty()) page.add("Steps", html);
  if (!samples.answers.empty()) page.add("Answers", samples.answers);
  page.add("Samples", samples.samples.empty()
                          ? concat("<p><code>weft report ", escaped(run.path()),
                                   "</code> adds samples with what the run says of them.</p>")
                          : samples.samples);
  page.add("Costs", costs(events, curves));
  if (const std::string html = forecast_html(events, cost_of(events)); !html.empty())
    page.add("Forecast", html);
  if (const std::string html = parts_html(events); !html.empty()) page.add("Parts", html);
  page.add("Recipe and lock", file_html(run, "recipe.json") + file_html(run, "weft.lock"));
  return page.html();
}

}  // namespace weft::host
