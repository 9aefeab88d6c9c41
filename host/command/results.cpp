// SPDX-License-Identifier: Apache-2.0
#include "host/command/results.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/printable.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;

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
    cells.push_back(known ? number(values->at(metric), "%.3f") : "-");
  }
  return cells;
}

Json document(const std::vector<Result>& results) {
  Json runs = Json::array();
  for (const Result& result : results)
    runs.push_back({{"run", result.run},
                    {"split", result.split},
                    {"examples", result.evaluation.examples},
                    {"metrics", result.evaluation.all},
                    {"by", result.evaluation.by}});
  return {{"results", runs}};
}

}  // namespace

void print_results(const std::vector<Result>& results, bool json) {
  if (json) {
    std::cout << document(results).dump(2) << "\n";
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
}

}  // namespace weft::host
