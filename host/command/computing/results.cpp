// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/results.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/json_document.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

const MetricIntervals& intervals_of(const Evaluation& evaluation, const std::string& group) {
  static const MetricIntervals none;
  if (group.empty()) return evaluation.intervals;
  const auto found = evaluation.intervals_by.find(group);
  return found == evaluation.intervals_by.end() ? none : found->second;
}

/// " [0.861, 0.924]", or "" where no interval was asked for.
std::string interval_text(const Evaluation& evaluation, const std::string& metric,
                          const std::string& group) {
  const MetricIntervals& all = intervals_of(evaluation, group);
  const auto found = all.find(metric);
  if (found == all.end()) return "";
  return concat(" [", number(found->second.low, "%.3f"), ", ", number(found->second.high, "%.3f"),
                "]");
}

OrderedJson document(const MetricIntervals& intervals) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, interval] : intervals) json[name] = {interval.low, interval.high};
  return json;
}

/// One table line for each run: the value of `metric` overall or in a group.
std::vector<std::string> row(const std::string& title, const std::string& metric,
                             const std::string& group, const std::vector<Result>& results) {
  std::vector<std::string> cells{title};
  for (const Result& result : results) {
    const MetricValues* values = &result.evaluation.all;
    if (!group.empty()) {
      const auto found = result.evaluation.by.find(group);
      values = found == result.evaluation.by.end() ? nullptr : &found->second;
    }
    const bool known = values != nullptr && values->contains(metric);
    cells.push_back(known ? number(values->at(metric), "%.3f") +
                                interval_text(result.evaluation, metric, group)
                          : "-");
  }
  return cells;
}

OrderedJson document(const std::vector<Result>& results) {
  OrderedJson runs = OrderedJson::array();
  for (const Result& result : results) {
    runs.push_back({{"run", result.run},
                    {"split", result.split},
                    {"examples", result.evaluation.examples},
                    {"metrics", result.evaluation.all},
                    {"by", result.evaluation.by},
                    {"checkpoint",
                     {{"stage", result.weights.stage},
                      {"step", result.weights.step},
                      {"xxh3", result.weights.xxh3}}},
                    {"lock", OrderedJson::parse(text_of(result.lock))}});
    if (!result.evaluation.intervals.empty()) {
      runs.back()["intervals"] = document(result.evaluation.intervals);
      for (const auto& [group, intervals] : result.evaluation.intervals_by)
        runs.back()["intervals_by"][group] = document(intervals);
    }
    for (const ShownSample& sample : result.samples)
      runs.back()["samples"].push_back({{"key", sample.key},
                                        {"node", sample.node},
                                        {"predicted", sample.predicted},
                                        {"target", sample.target}});
  }
  return {{"results", runs}};
}

}  // namespace

namespace {

/// A hash as people compare it.
std::string brief(const std::string& hash) {
  return hash.substr(0, 12);
}

/// "runs/a: fit-12 (xxh3 …), data av …, parts vision encoder.vit 1.0.0 …, …"
std::string provenance(const Result& result) {
  std::string line = concat(result.run, ": ", result.weights.stage, "-", result.weights.step, " ",
                            brief(result.weights.xxh3));
  for (const auto& [section, data] : result.lock.data)
    line += concat(", data ", section, " ", brief(data));
  for (const auto& [section, tokenizer] : result.lock.tokenizers)
    line += concat(", tokenizer ", section, " ", brief(tokenizer));
  for (const auto& [node, part] : result.lock.parts)
    line += concat(", ", node, " ", part.id, " ", part.version, " ", brief(part.sha256));
  return line;
}

void print_samples(const Result& result) {
  if (result.samples.empty()) return;
  Table table({"sample of " + result.run, "node", "predicted", "target", ""});
  for (const ShownSample& sample : result.samples)
    table.add({sample.key, sample.node, sample.predicted, sample.target,
               sample.is_right() ? "" : "wrong"});
  std::cout << table.text();
}

}  // namespace

void print_results(const std::vector<Result>& results, bool json) {
  if (json) {
    std::cout << document_text(document(results));
    return;
  }
  std::vector<std::string> heads{"metric (" + results.front().split + ")"};
  std::set<std::string> metrics, groups;
  for (const Result& result : results) {
    const auto folder = std::filesystem::path(result.run).lexically_normal();
    heads.push_back((folder.has_filename() ? folder : folder.parent_path()).filename().string());
    for (const auto& [name, value] : result.evaluation.all) metrics.insert(name);
    for (const auto& [name, values] : result.evaluation.by) groups.insert(name);
  }
  Table table(heads);
  for (const std::string& metric : metrics) {
    table.add(row(metric, metric, "", results));
    for (const std::string& group : groups) table.add(row("  " + group, metric, group, results));
  }
  std::cout << table.text();
  for (const Result& result : results) print_samples(result);
  for (const Result& result : results)
    std::cout << printable(provenance(result), k_sentence_bytes) << "\n";
}

}  // namespace weft::host
