// SPDX-License-Identifier: Apache-2.0
#include "host/report/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_record.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr double k_level = 0.05;

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

std::string folder_name(const std::string& path) {
  const auto folder = std::filesystem::path(path).lexically_normal();
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

/// What the names of a group's runs begin with: "concat_seed-1" and "concat_seed-2" give "concat".
std::string label_of(const std::vector<RunGroup::Run>& runs) {
  std::string common = folder_name(runs.front().folder);
  if (runs.size() == 1) return common;
  for (const RunGroup::Run& run : runs) {
    const std::string name = folder_name(run.folder);
    const auto [end, other] = std::ranges::mismatch(common, name);
    common.erase(end, common.end());
  }
  for (const char* word : {"seed", "s"}) {
    const std::size_t end = common.find_last_not_of("-_.=");
    common.erase(end == std::string::npos ? 0 : end + 1);
    if (common.ends_with(word) && common.size() > std::string_view(word).size() &&
        std::string_view("-_.").find(common[common.size() - std::string_view(word).size() - 1]) !=
            std::string_view::npos)
      common.erase(common.size() - std::string_view(word).size());
  }
  common.erase(common.find_last_not_of("-_.=") + 1);
  return common.empty() ? folder_name(runs.front().folder) : common;
}

struct OpenedRun {
  RunGroup::Run run;
  std::string recipe;  ///< but for the seed
};

std::string evaluated_split(const std::string& folder) {
  const Json recipe = kept_recipe(OpenFolder(folder));
  const Json evaluate = recipe.value("evaluate", Json::object());
  return evaluate.is_object() ? evaluate.value("split", "test") : "test";
}

/// What the stored name of the newest checkpoint says against the evaluation, or "".
std::string staleness(const OpenFolder& run, const SavedEvaluation& evaluation) {
  const std::string measured = concat(evaluation.stage, "-", evaluation.step);
  const std::string latest = latest_of(run);
  if (latest.empty() || latest == measured) return "";
  return concat(run.path(), " was evaluated at ", measured, " and has gone on to ", latest,
                ". Evaluate it again with `weft eval ", run.path(), " --split ", evaluation.split,
                "`.");
}

std::vector<OpenedRun> opened(const std::vector<std::string>& folders, const std::string& split) {
  std::vector<OpenedRun> all;
  std::vector<std::string> faults;
  for (const std::string& folder : folders) {
    try {
      const OpenFolder run(folder);
      const Json recipe = kept_recipe(run);
      OpenedRun one{{folder, recipe.value("seed", std::uint64_t{0}), read_evaluation(run, split),
                     cost_of(events_of(run))},
                    recipe_but_for_seed(recipe)};
      if (const std::string stale = staleness(run, one.run.evaluation); !stale.empty())
        faults.push_back(stale);
      all.push_back(std::move(one));
    } catch (const Error& error) {
      if (error.exit() != Exit::no_input) throw;
      faults.emplace_back(error.what());
    }
  }
  if (!faults.empty()) throw Error(Exit::no_input, joined(faults));
  return all;
}

/// The first place where two texts of JSON differ: "/config/classes is 10 and was 12".
std::string first_difference(const std::string& a, const std::string& b) {
  const Json before = Json::parse(a), after = Json::parse(b);
  for (const Json& change : Json::diff(before, after)) {
    const Json::json_pointer at(change.at("path").get<std::string>());
    const auto shown = [&](const Json& document) {
      return document.contains(at) ? document.at(at).dump() : std::string("nothing");
    };
    return concat(at.to_string(), " is ", shown(before), " and ", shown(after));
  }
  return "";
}

/// Why a run cannot be compared with the first, or nothing.
std::vector<std::string> unlike(const RunGroup::Run& first, const RunGroup::Run& other) {
  const SavedEvaluation &a = first.evaluation, &b = other.evaluation;
  const std::string both = concat(first.folder, " and ", other.folder);
  std::vector<std::string> why;
  if (a.rows != b.rows)
    why.push_back(concat(both, " were evaluated on ", a.rows, " and ", b.rows, " samples."));
  else if (a.keys != b.keys)
    why.push_back(concat(both, " were evaluated on other samples: their keys or order differ."));
  else if (a.content != b.content)
    why.push_back(concat(both, " were evaluated on other data: the contents of the ", a.split,
                         " shards differ."));
  for (const auto& [metric, task] : a.task) {
    const auto there = b.task.find(metric);
    if (there != b.task.end() && there->second != task)
      why.push_back(concat("metric \"", metric, "\" of ", both,
                           " is not the same: ", first_difference(task, there->second), "."));
  }
  return why;
}

void require_alike(const std::vector<OpenedRun>& runs) {
  std::vector<std::string> faults;
  for (const OpenedRun& other : runs)
    for (const std::string& why : unlike(runs.front().run, other.run)) faults.push_back(why);
  if (faults.empty()) return;
  faults.push_back(
      "Numbers of different tasks say nothing of each other: evaluate the runs on the "
      "same data with the same metrics.");
  throw Error(Exit::failed, joined(faults));
}

std::vector<Measured> measured(const RunGroup& group, const std::string& metric) {
  std::vector<Measured> all;
  for (const RunGroup::Run& run : group.runs) {
    const auto drawings = run.evaluation.drawings.find(metric);
    all.push_back({run.evaluation.values.at(metric), drawings == run.evaluation.drawings.end()
                                                         ? std::vector<double>{}
                                                         : drawings->second});
  }
  return all;
}

Verdict verdict_of(const ComparedMetric& metric) {
  if (std::isnan(metric.found.difference) || metric.p_holm >= k_level)
    return Verdict::not_distinguishable;
  return (metric.found.difference > 0) != metric.lower_is_better ? Verdict::better : Verdict::worse;
}

ComparedGroup compare_two(const RunGroup& first, const RunGroup& other,
                          const std::vector<std::string>& lower) {
  ComparedGroup compared{other.label, {}};
  std::vector<double> p;
  for (const auto& [metric, value] : first.runs.front().evaluation.values) {
    if (!first.has(metric) || !other.has(metric)) continue;
    ComparedMetric& one = compared.metrics.emplace_back();
    one.metric = metric;
    one.found = paired_difference(measured(first, metric), measured(other, metric));
    p.push_back(one.found.p);
  }
  const std::vector<double> corrected = holm(p);
  const auto seeds = static_cast<std::int64_t>(std::min(first.runs.size(), other.runs.size()));
  for (std::size_t i = 0; i < p.size(); ++i) {
    ComparedMetric& metric = compared.metrics[i];
    metric.p_holm = corrected[i];
    metric.lower_is_better = is_lower_better(metric.metric, lower);
    metric.verdict = verdict_of(metric);
    if (metric.verdict == Verdict::not_distinguishable)
      metric.needed =
          needed_to_tell(metric.found, first.runs.front().evaluation.rows, seeds, std::ssize(p));
  }
  return compared;
}

}  // namespace

bool RunGroup::has(const std::string& metric) const {
  return std::ranges::all_of(
      runs, [&](const Run& run) { return run.evaluation.values.contains(metric); });
}

double RunGroup::mean(const std::string& metric) const {
  if (!has(metric)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const Run& run : runs) sum += run.evaluation.values.at(metric);
  return sum / static_cast<double>(runs.size());
}

double RunGroup::deviation(const std::string& metric) const {
  if (!has(metric) || runs.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double middle = mean(metric);
  double sum = 0;
  for (const Run& run : runs) sum += std::pow(run.evaluation.values.at(metric) - middle, 2);
  return std::sqrt(sum / static_cast<double>(runs.size() - 1));
}

const char* text_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::better: return "better";
    case Verdict::worse: return "worse";
    case Verdict::not_distinguishable: break;
  }
  return "not distinguishable";
}

bool is_lower_better(const std::string& metric, const std::vector<std::string>& lower) {
  const std::size_t dot = metric.rfind('.');
  const std::string name = metric.substr(0, dot), output = metric.substr(dot + 1);
  if (std::ranges::find(lower, metric) != lower.end() ||
      std::ranges::find(lower, name) != lower.end())
    return true;
  static const std::set<std::string> known = {"perplexity",
                                              "per_byte",
                                              "bits_per_byte",
                                              "ece",
                                              "brier",
                                              "nll",
                                              "wer",
                                              "cer",
                                              "mae",
                                              "rmse",
                                              "mse",
                                              "error",
                                              "loss",
                                              "median_rank",
                                              "left_to_right_median_rank",
                                              "right_to_left_median_rank"};
  return known.contains(output);
}

std::vector<RunGroup> groups_of(const std::vector<std::string>& folders, const std::string& split) {
  const std::vector<OpenedRun> runs =
      opened(folders, split.empty() ? evaluated_split(folders.front()) : split);
  require_alike(runs);
  std::vector<RunGroup> groups;
  std::vector<std::string> recipes;
  for (const OpenedRun& run : runs) {
    const auto found = std::ranges::find(recipes, run.recipe);
    const auto index = static_cast<std::size_t>(found - recipes.begin());
    // A seed twice is no repetition: the same run trained again.
    const bool is_new = found == recipes.end() ||
                        std::ranges::find(groups[index].runs, run.run.seed, &RunGroup::Run::seed) !=
                            groups[index].runs.end();
    if (is_new) recipes.push_back(run.recipe), groups.emplace_back();
    groups[is_new ? groups.size() - 1 : index].runs.push_back(run.run);
  }
  for (RunGroup& group : groups) {
    std::ranges::sort(group.runs, {}, &RunGroup::Run::seed);
    group.label = label_of(group.runs);
  }
  return groups;
}

std::vector<ComparedGroup> compare_groups(const std::vector<RunGroup>& groups,
                                          const std::vector<std::string>& lower) {
  std::vector<ComparedGroup> compared;
  for (std::size_t i = 1; i < groups.size(); ++i)
    compared.push_back(compare_two(groups.front(), groups[i], lower));
  return compared;
}

}  // namespace weft::host
