// SPDX-License-Identifier: Apache-2.0
#include "host/report/planned.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/event_fields.hpp"
#include "host/report/page.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;
using Numbers = std::map<std::string, double>;

double number_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

double number_in(const Numbers& numbers, const char* key) {
  const auto found = numbers.find(key);
  return found == numbers.end() ? 0.0 : found->second;
}

PlannedStage stage_of(const Json& event) {
  PlannedStage stage;
  stage.stage = text_field(event, "stage");
  stage.steps = static_cast<std::int64_t>(number_in(event, "steps"));
  stage.parameters = static_cast<std::int64_t>(number_in(event, "parameters"));
  stage.trainable = static_cast<std::int64_t>(number_in(event, "trainable"));
  stage.flops = number_in(event, "flops");
  if (event.contains("seconds")) stage.seconds = number_in(event, "seconds");
  stage.waited = number_in(event, "waited");
  stage.rest = number_in(event, "rest");
  if (event.contains("memory")) stage.memory = number_fields(event["memory"]);
  if (event.contains("parts") && event["parts"].is_object())
    for (const auto& [name, part] : event["parts"].items()) stage.parts[name] = number_fields(part);
  return stage;
}

/// Logged steps of a stage: the last one's number, and the seconds of each.
struct Logged {
  std::int64_t last = 0;
  std::vector<double> seconds;
};

std::map<std::string, Logged> logged_steps(const std::vector<Json>& events) {
  std::map<std::string, Logged> logged;
  for (const Json& event : events) {
    if (event["event"] != "step") continue;
    Logged& stage = logged[text_field(event, "stage")];
    stage.last = std::max(stage.last, static_cast<std::int64_t>(number_in(event, "step")));
    if (const double seconds = number_in(event, "seconds"); seconds > 0)
      stage.seconds.push_back(seconds);
  }
  return logged;
}

std::string mebibytes(double bytes) {
  return number(bytes / (1 << 20), "%.1f");
}

std::string flops_text(double flops) {
  return flops > 0 ? number(flops, "%.3g") : "-";
}

/// A row of forecast, fact and fact : forecast; "-" for what is not known.
std::vector<std::string> row(const std::string& what, std::optional<double> forecast,
                             std::optional<double> fact, const char* format) {
  const auto cell = [&](std::optional<double> value) {
    return value ? number(*value, format) : std::string("-");
  };
  return {what, cell(forecast), cell(fact),
          forecast && fact && *forecast > 0 ? number(*fact / *forecast, "%.2f") : "-"};
}

std::optional<double> per_second(double flops, std::optional<double> seconds) {
  if (flops <= 0 || !seconds || *seconds <= 0) return std::nullopt;
  return flops / *seconds;
}

std::string stage_html(const PlannedStage& stage) {
  const auto steps = static_cast<double>(stage.steps), taken = static_cast<double>(stage.taken);
  Rows rows{{"stage " + stage.stage, "forecast", "fact", "fact : forecast"}};
  rows.push_back(row("steps", steps, taken, "%.0f"));
  rows.push_back(row("seconds a step", stage.seconds, stage.took, "%.4g"));
  rows.push_back(row("FLOPs in all steps", steps * stage.flops, taken * stage.flops, "%.3g"));
  rows.push_back(row("FLOP/s", per_second(stage.flops, stage.seconds),
                     per_second(stage.flops, stage.took), "%.3g"));
  return html_table("", rows);
}

std::string memory_html(const std::vector<PlannedStage>& stages) {
  Rows rows{{"memory that was forecast, MiB", "program, data, kernels", "weights", "optimizer",
             "gradients", "activations", "copy that is saved", "peak"}};
  for (const PlannedStage& stage : stages) {
    rows.push_back({"stage " + stage.stage});
    for (const char* kind :
         {"process", "weights", "optimizer", "gradients", "activations", "saved", "peak"})
      rows.back().push_back(mebibytes(number_in(stage.memory, kind)));
  }
  return html_table("", rows);
}

double seconds_of(const Numbers& part) {
  return number_in(part, "forward_seconds") + number_in(part, "backward_seconds");
}

std::string stage_parts_html(const PlannedStage& stage) {
  double all = stage.waited + stage.rest;
  std::vector<std::pair<double, std::string>> slowest;
  for (const auto& [name, part] : stage.parts) {
    all += seconds_of(part);
    slowest.emplace_back(-seconds_of(part), name);
  }
  if (all <= 0) return "";
  std::ranges::sort(slowest);
  const auto share = [&](double seconds) { return number(100 * seconds / all, "%.1f"); };
  const auto milliseconds = [](double seconds) { return number(1000 * seconds, "%.3g"); };
  Rows rows{{"part", "of the time, %", "forward, ms", "backward, ms", "FLOPs", "parameters",
             "activations, MiB"}};
  for (const auto& [negative, name] : slowest) {
    const Numbers& part = stage.parts.at(name);
    rows.push_back({name, share(-negative), milliseconds(number_in(part, "forward_seconds")),
                    milliseconds(number_in(part, "backward_seconds")),
                    flops_text(number_in(part, "flops")),
                    number(number_in(part, "parameters"), "%.0f"),
                    mebibytes(number_in(part, "activation_bytes"))});
  }
  rows.push_back({"waiting for data", share(stage.waited), "", "", "", "", ""});
  rows.push_back({"between parts: optimizer, clipping", share(stage.rest), "", "", "", "", ""});
  return html_table(concat("Stage ", stage.stage, ", one step of ", milliseconds(all), " ms"),
                    rows);
}

}  // namespace

std::vector<PlannedStage> planned_stages(const std::vector<Json>& events) {
  std::vector<PlannedStage> stages;
  for (const Json& event : events) {
    if (event["event"] != "plan") continue;
    PlannedStage stage = stage_of(event);
    const auto found = std::ranges::find(stages, stage.stage, &PlannedStage::stage);
    if (found == stages.end())
      stages.push_back(std::move(stage));
    else
      *found = std::move(stage);
  }
  std::map<std::string, Logged> logged = logged_steps(events);
  for (PlannedStage& stage : stages) {
    Logged& steps = logged[stage.stage];
    stage.taken = steps.last;
    if (steps.seconds.empty()) continue;
    std::ranges::sort(steps.seconds);
    stage.took = steps.seconds[steps.seconds.size() / 2];
  }
  return stages;
}

std::optional<double> flops_of(const std::vector<Json>& events) {
  std::set<std::string> planned;
  double sum = 0;
  for (const PlannedStage& stage : planned_stages(events)) {
    planned.insert(stage.stage);
    sum += stage.flops * static_cast<double>(stage.taken);
  }
  for (const auto& [stage, steps] : logged_steps(events))
    if (!planned.contains(stage)) return std::nullopt;
  if (planned.empty()) return std::nullopt;
  return sum;
}

std::string forecast_html(const std::vector<Json>& events, const RunCost& cost) {
  const std::vector<PlannedStage> stages = planned_stages(events);
  if (stages.empty()) return "";
  std::string html;
  std::optional<double> seconds = 0;
  double peak = 0;
  for (const PlannedStage& stage : stages) {
    html += stage_html(stage);
    peak = std::max(peak, number_in(stage.memory, "peak"));
    if (stage.seconds && seconds)
      *seconds += *stage.seconds * static_cast<double>(stage.steps);
    else
      seconds = std::nullopt;
  }
  std::optional<double> held;
  if (cost.peak_memory) held = static_cast<double>(*cost.peak_memory) / (1 << 20);
  return html_table("", {{"whole run", "forecast", "fact", "fact : forecast"},
                         row("peak memory, MiB", peak / (1 << 20), held, "%.1f"),
                         row("seconds (fact: with evaluation)", seconds, cost.seconds, "%.0f")}) +
         html + memory_html(stages);
}

std::string parts_html(const std::vector<Json>& events) {
  std::string html;
  for (const PlannedStage& stage : planned_stages(events)) html += stage_parts_html(stage);
  return html;
}

}  // namespace weft::host
