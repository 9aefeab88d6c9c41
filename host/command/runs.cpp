// SPDX-License-Identifier: Apache-2.0
/// `weft runs`: the runs that are there.

#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson document(const RunRecord& run) {
  OrderedJson json{{"run", run.folder},    {"name", run.name},   {"recipe", run.recipe},
                   {"state", run.state},   {"stage", run.stage}, {"steps", run.steps},
                   {"of", run.of},         {"begun", run.begun}, {"ended", run.ended},
                   {"losses", run.losses}, {"split", run.split}, {"metrics", run.metrics}};
  if (!run.best_metric.empty()) json["best"] = {{run.best_metric, run.best_value}};
  if (!run.message.empty()) json["message"] = run.message;
  return json;
}

/// "accuracy 0.912": what the run was kept by, else its first metric, else its loss.
std::string best_of(const RunRecord& run) {
  const auto text = [](const std::string& name, double value) {
    return concat(name, " ", number(value, "%.4g"));
  };
  if (!run.best_metric.empty()) return text(run.best_metric, run.best_value);
  if (!run.metrics.empty()) return text(run.metrics.begin()->first, run.metrics.begin()->second);
  const auto total = run.losses.find("total");
  return total == run.losses.end() ? "-" : text("loss", total->second);
}

/// "2026-11-28 07:41"
std::string date_of(const std::string& time) {
  if (time.size() < 16) return time;
  return concat(time.substr(0, 10), " ", time.substr(11, 5));
}

void list(const Options& options) {
  const std::string folder = options.operands.size() > 1 ? options.operands[1] : "runs";
  OrderedJson runs = OrderedJson::array();
  Table table({"run", "recipe", "state", "steps", "best", "begun (UTC)"});
  for (const std::string& path : runs_in(folder)) {
    RunRecord run;
    try {
      run = read_record(path);
    } catch (const Error& error) {  // the others are still told
      run.folder = path;
      run.state = "damaged";
      run.message = error.what();
    }
    table.add({run.folder, run.name, run.state, concat(run.steps, "/", run.of), best_of(run),
               date_of(run.begun)});
    runs.push_back(document(run));
  }
  if (options.json)
    std::cout << document_text({{"runs", runs}});
  else if (table.empty())
    std::cout << printable(folder) << " holds no run.\n";
  else
    std::cout << table.text();
}

void show(const Options& options, const std::string& folder) {
  const RunRecord run = read_record(folder);
  OrderedJson json = document(run);
  json["lock"] = OrderedJson::parse(run.lock_text, nullptr, /*allow_exceptions=*/false);
  if (options.json) {
    std::cout << document_text(json);
    return;
  }
  Table table({"", ""});
  table.add({"run", run.folder});
  table.add({"recipe", concat(run.name, " (", run.recipe, ")")});
  table.add({"state", run.state + (run.message.empty() ? "" : ": " + run.message)});
  table.add({"steps",
             concat(run.steps, " of ", run.of, run.stage.empty() ? "" : ", stage " + run.stage)});
  table.add({"begun", run.begun});
  table.add({"last event", run.ended});
  for (const auto& [name, value] : run.losses) table.add({"loss " + name, number(value, "%.6g")});
  for (const auto& [name, value] : run.metrics)
    table.add({concat(name, " (", run.split, ")"), number(value, "%.6g")});
  if (!run.best_metric.empty())
    table.add({"best " + run.best_metric, number(run.best_value, "%.6g")});
  if (json["lock"].is_object())
    for (const char* key : {"host", "abi", "torch", "cpu", "device", "threads", "seed"})
      if (json["lock"].contains(key))
        table.add({key, json["lock"][key].is_string() ? json["lock"][key].get<std::string>()
                                                      : json["lock"][key].dump()});
  std::cout << table.text();
}

}  // namespace

void runs(const Options& options) {
  const std::string& what = options.operands[0];
  if (what == "list" && options.operands.size() <= 2) return list(options);
  if (what == "show" && options.operands.size() == 2) return show(options, options.operands[1]);
  if (what == "remove" && options.operands.size() >= 2) {
    for (std::size_t i = 1; i < options.operands.size(); ++i) {
      const std::string& run = options.operands[i];
      const bool is_gone = remove_run(run);
      std::cout << printable(run)
                << (is_gone ? " is removed.\n"
                            : ": the run is removed; the folder stays, because other files "
                              "are in it.\n");
    }
    return;
  }
  throw Error(Exit::usage,
              concat("weft runs: expected list [FOLDER], show RUN or remove RUN…, found \"", what,
                     "\" with ", options.operands.size() - 1,
                     " operands. `weft help runs` shows "
                     "how."));
}

}  // namespace weft::host
