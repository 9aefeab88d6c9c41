// SPDX-License-Identifier: Apache-2.0
#include "host/command/comparison_output.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/report/chart.hpp"
#include "host/report/page.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string counted_runs(const RunGroup& group) {
  if (group.runs.size() == 1) return group.label;
  return concat(group.label, " (", group.runs.size(), " seeds)");
}

std::set<std::string> metrics_of(const std::vector<RunGroup>& groups) {
  std::set<std::string> metrics;
  for (const RunGroup& group : groups)
    for (const auto& [metric, value] : group.runs.front().evaluation.values) metrics.insert(metric);
  return metrics;
}

/// A row for each metric, a column for each group: "0.925 ± 0.011" over seeds.
Rows value_rows(const std::vector<RunGroup>& groups) {
  const SavedEvaluation& first = groups.front().runs.front().evaluation;
  Rows rows{{concat(first.split, ", ", first.rows, " samples")}};
  for (const RunGroup& group : groups) rows.front().push_back(counted_runs(group));
  for (const std::string& metric : metrics_of(groups)) {
    rows.push_back({metric});
    for (const RunGroup& group : groups) {
      std::string cell = group.has(metric) ? number(group.mean(metric), "%.4g") : "-";
      if (const double spread = group.deviation(metric); !std::isnan(spread))
        cell += concat(" ± ", number(spread, "%.2g"));
      rows.back().push_back(cell);
    }
  }
  return rows;
}

double mean_cost(const RunGroup& group, const auto& of) {
  double sum = 0;
  for (const RunGroup::Run& run : group.runs) {
    const auto value = of(run.cost);
    if (!value) return NAN;
    sum += static_cast<double>(*value);
  }
  return sum / static_cast<double>(group.runs.size());
}

Rows cost_rows(const std::vector<RunGroup>& groups) {
  Rows rows{{"cost of a run", "parameters", "FLOPs", "seconds", "peak memory, MiB"}};
  const auto cell = [](double value, const char* format = "%.0f") {
    return std::isnan(value) ? "-" : number(value, format);
  };
  for (const RunGroup& group : groups)
    rows.push_back(
        {group.label, cell(mean_cost(group, [](const RunCost& cost) { return cost.parameters; })),
         cell(mean_cost(group, [](const RunCost& cost) { return cost.flops; }), "%.3g"),
         cell(mean_cost(group, [](const RunCost& cost) { return cost.seconds; })),
         cell(mean_cost(group, [](const RunCost& cost) { return cost.peak_memory; }) / (1 << 20))});
  return rows;
}

/// "about 2100 samples or 9 seeds"; "-" where the verdict is clear.
std::string needed_text(const ComparedMetric& metric, std::size_t seeds) {
  if (metric.verdict != Verdict::not_distinguishable) return "-";
  if (std::isnan(metric.found.difference)) return "no number";
  if (metric.found.difference == 0) return "no difference was found";
  std::vector<std::string> ways;
  if (metric.needed.rows > 0) ways.push_back(concat("about ", metric.needed.rows, " samples"));
  if (metric.needed.seeds > 0) ways.push_back(concat("about ", metric.needed.seeds, " seeds"));
  if (ways.empty()) return seeds > 1 ? "more samples and more seeds" : "no number of samples";
  return ways.size() == 1 ? ways[0] : concat(ways[0], " or ", ways[1]);
}

Rows verdict_rows(const std::vector<RunGroup>& groups, const ComparedGroup& compared) {
  Rows rows{{"metric", "difference", "95 % interval", "p (Holm)", "verdict", "what would tell"}};
  for (const ComparedMetric& metric : compared.metrics)
    rows.push_back({metric.metric, number(metric.found.difference, "%+.4g"),
                    concat("[", number(metric.found.low, "%+.4g"), ", ",
                           number(metric.found.high, "%+.4g"), "]"),
                    number(metric.p_holm, "%.3g"), text_of(metric.verdict),
                    needed_text(metric, groups.front().runs.size())});
  return rows;
}

/// What the intervals are over.
std::string method(const std::vector<RunGroup>& groups) {
  const RunGroup& first = groups.front();
  const std::size_t drawings = first.runs.front().evaluation.drawings.empty()
                                   ? 0
                                   : first.runs.front().evaluation.drawings.begin()->second.size();
  bool has_seeds = false;
  for (const RunGroup& group : groups) has_seeds = has_seeds || group.runs.size() > 1;
  return concat(
      "Differences are from ", first.label, ", over ", drawings, " drawings of the same samples",
      has_seeds ? " and over seeds" : "", ", p after Holm over the metrics of a pair.",
      has_seeds ? ""
                : " One seed each: another seed may decide otherwise, and only runs with several "
                  "seeds can say.");
}

std::string table_text(const Rows& rows) {
  Table table(rows.front());
  for (std::size_t i = 1; i < rows.size(); ++i) table.add(rows[i]);
  return table.text();
}

OrderedJson cost_json(const RunCost& cost) {
  OrderedJson json = OrderedJson::object();
  if (cost.parameters) json["parameters"] = *cost.parameters;
  if (cost.flops) json["flops"] = *cost.flops;
  if (cost.seconds) json["seconds"] = *cost.seconds;
  if (cost.peak_memory) json["peak_memory"] = *cost.peak_memory;
  return json;
}

OrderedJson group_json(const RunGroup& group) {
  OrderedJson json{{"label", group.label}, {"values", OrderedJson::object()}};
  for (const auto& [metric, value] : group.runs.front().evaluation.values) {
    if (!group.has(metric)) continue;
    json["values"][metric]["mean"] = group.mean(metric);
    if (group.runs.size() > 1) json["values"][metric]["deviation"] = group.deviation(metric);
  }
  for (const RunGroup::Run& run : group.runs)
    json["runs"].push_back({{"run", run.folder},
                            {"seed", run.seed},
                            {"values", run.evaluation.values},
                            {"cost", cost_json(run.cost)}});
  return json;
}

}  // namespace

std::string comparison_text(const std::vector<RunGroup>& groups,
                            const std::vector<ComparedGroup>& compared) {
  std::string text = table_text(value_rows(groups)) + "\n";
  for (const ComparedGroup& other : compared)
    text += concat(printable(other.label), " against ", printable(groups.front().label), "\n",
                   table_text(verdict_rows(groups, other)), "\n");
  return text + table_text(cost_rows(groups)) + "\n" + method(groups) + "\n";
}

OrderedJson comparison_json(const std::vector<RunGroup>& groups,
                            const std::vector<ComparedGroup>& compared) {
  const SavedEvaluation& first = groups.front().runs.front().evaluation;
  OrderedJson json{{"split", first.split}, {"rows", first.rows}, {"first", groups.front().label}};
  for (const RunGroup& group : groups) json["groups"].push_back(group_json(group));
  json["comparisons"] = OrderedJson::array();
  for (const ComparedGroup& other : compared)
    for (const ComparedMetric& metric : other.metrics)
      json["comparisons"].push_back({{"group", other.label},
                                     {"metric", metric.metric},
                                     {"difference", metric.found.difference},
                                     {"low", metric.found.low},
                                     {"high", metric.found.high},
                                     {"p", metric.found.p},
                                     {"p_holm", metric.p_holm},
                                     {"lower_is_better", metric.lower_is_better},
                                     {"verdict", text_of(metric.verdict)},
                                     {"samples_needed", metric.needed.rows},
                                     {"seeds_needed", metric.needed.seeds}});
  return json;
}

std::string comparison_page(const std::vector<RunGroup>& groups,
                            const std::vector<ComparedGroup>& compared) {
  Page page("Comparison of runs", escaped(method(groups)));
  page.add("Values", html_table("Mean over seeds ± their deviation", value_rows(groups)));
  std::string charts = "<div class=\"grid\">";
  for (const ComparedGroup& other : compared) {
    std::vector<Interval> intervals;
    for (const ComparedMetric& metric : other.metrics)
      intervals.push_back({concat(metric.metric, ": ", text_of(metric.verdict)),
                           metric.found.difference, metric.found.low, metric.found.high,
                           metric.verdict == Verdict::better  ? "good"
                           : metric.verdict == Verdict::worse ? "bad"
                                                              : ""});
    charts += html_intervals(concat(other.label, " minus ", groups.front().label), intervals);
  }
  std::string tables;
  for (const ComparedGroup& other : compared)
    tables += html_table(concat(other.label, " against ", groups.front().label),
                         verdict_rows(groups, other));
  page.add("Differences", charts + "</div>" + tables);
  page.add("Costs", html_table("", cost_rows(groups)));
  Rows runs{{"run", "seed", "checkpoint"}};
  for (const RunGroup& group : groups)
    for (const RunGroup::Run& run : group.runs)
      runs.push_back({run.folder, std::to_string(run.seed),
                      concat(run.evaluation.stage, "-", run.evaluation.step)});
  page.add("Runs", html_table("", runs));
  return page.html();
}

}  // namespace weft::host
