// SPDX-License-Identifier: Apache-2.0
/// `weft sweep`: a recipe with each of several values and seeds.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "host/base/child_process.hpp"
#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/command/compare.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/command/process.hpp"
#include "host/command/sweep_trials.hpp"
#include "host/command/trial_process.hpp"
#include "host/recipe/recipe.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

class Sweep {
 public:
  Sweep(const Options& options, SweepPlan plan, std::vector<TrialState> states)
      : options_(options), plan_(std::move(plan)), states_(std::move(states)) {
    fs::create_directories(fs::path(plan_.folder) / "logs");
  }

  void run() {
    if (plan_.stop)
      for (const std::string& rung : plan_.stop->at) {
        train(rung);
        if (!stop_requested()) stop_losers(rung);
      }
    if (!stop_requested()) train("");
  }

  const std::vector<TrialState>& states() const { return states_; }
  const SweepPlan& plan() const { return plan_; }

 private:
  /// Trains what is neither done nor stopped, up to a rung, or to the end.
  void train(const std::string& rung) {
    std::vector<std::size_t> left;
    std::vector<TrialCommand> commands;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const TrialState& state = states_[i];
      if (state.is_done() || state.status.starts_with("stopped") || failed_.contains(i) ||
          has_passed(state, rung))
        continue;
      left.push_back(i);
      commands.push_back(command_of(state, rung));
    }
    tell(left.size(), rung);
    std::size_t ended = 0;
    run_trials(commands, plan_.jobs, [&](std::size_t index, const TrialEnd& end) {
      if (end.exit != 0 && end.exit != static_cast<int>(Exit::interrupted))
        failed_.insert(left[index]);
      take(states_[left[index]], end, concat("[", ++ended, "/", left.size(), "] "));
    });
  }

  /// Whether its stage was measured there before this call.
  bool has_passed(const TrialState& state, const std::string& rung) const {
    return !rung.empty() && holds_run(state.folder) && !std::isnan(value_at(state, rung));
  }

  double value_at(const TrialState& state, const std::string& rung) const {
    if (!holds_run(state.folder)) return NAN;
    const std::size_t dash = rung.rfind('-');
    return measured_at(state.folder, rung.substr(0, dash), std::stoll(rung.substr(dash + 1)),
                       plan_.stop->metric);
  }

  TrialCommand command_of(const TrialState& state, const std::string& rung) const {
    std::vector<std::string> words{"train", state.recipe, "--run", state.folder, "--quiet"};
    if (state.status == "new" && holds_run(state.folder) && options_.overwrite)
      words.emplace_back("--overwrite");
    else if (holds_run(state.folder))
      words.emplace_back("--resume");
    for (const std::string& text : state.trial.overrides)
      words.insert(words.end(), {"--set", text});
    for (const std::string& folder : options_.plugins)
      words.insert(words.end(), {"--plugins", folder});
    if (options_.allow_commands) words.emplace_back("--allow-commands");
    if (options_.threads > 0)
      words.insert(words.end(), {"--threads", std::to_string(options_.threads)});
    if (!options_.device.empty()) words.insert(words.end(), {"--device", options_.device});
    if (!rung.empty()) words.insert(words.end(), {"--stop-at", rung});
    save_begun(state);
    return {words, log_of(state)};
  }

  /// With what it is begun stands on disk before it begins: a kill leaves no trial that nobody
  /// knows.
  void save_begun(TrialState state) const {
    if (state.status == "new") state.status = "interrupted";
    save_trial(plan_, state);
  }

  std::string log_of(const TrialState& state) const {
    return (fs::path(plan_.folder) / "logs" / (state.trial.name + ".txt")).string();
  }

  void take(TrialState& state, const TrialEnd& end, const std::string& counter) {
    state.seconds += end.seconds;
    state.exit = end.exit;
    state.message.clear();
    if (end.exit == 0) {
      state.status = "done";
      state.values = evaluated(state.folder);
    } else if (end.exit == static_cast<int>(Exit::interrupted)) {
      state.status = "interrupted";
    } else {
      state.status = "failed";
      std::ostringstream text;
      text << std::ifstream(log_of(state)).rdbuf();
      state.message = last_line(text.str());
    }
    save_trial(plan_, state);
    if (options_.quiet) return;
    std::string line = concat(counter, state.trial.name, ": ", state.status, " after ",
                              number(end.seconds, "%.0f"), " s");
    for (const auto& [name, value] : state.values)
      line += concat("  ", name, " ", number(value, "%.4g"));
    if (!state.message.empty()) line += concat(": ", state.message);
    std::cerr << printable(line, k_sentence_bytes) << "\n";
  }

  void tell(std::size_t left, const std::string& rung) const {
    if (options_.quiet) return;
    std::cerr << printable(concat("sweep ", plan_.folder, ": ", left, " of ", states_.size(),
                                  " trials to train", rung.empty() ? "" : " up to ", rung, ", ",
                                  plan_.jobs, " at a time"))
              << "\n";
  }

  /// Of the points that are still in, keeps the best share by the mean over their seeds.
  void stop_losers(const std::string& rung) {
    std::map<std::string, std::vector<double>> values;
    for (const TrialState& state : states_) {
      if (state.status == "failed" || state.status.starts_with("stopped")) continue;
      const double value = value_at(state, rung);
      if (std::isnan(value))
        throw Error(Exit::bad_recipe,
                    concat("trial ", state.trial.name, " has no value of ", plan_.stop->metric,
                           " at ", rung,
                           ", so none can be stopped. Let the stage measure it: its "
                           "\"metrics\" and \"eval_every\"."));
      values[state.trial.point].push_back(plan_.stop->is_max ? value : -value);
    }
    std::vector<std::pair<double, std::string>> ranked;
    for (const auto& [point, found] : values) {
      double sum = 0;
      for (const double value : found) sum += value;
      ranked.emplace_back(-sum / static_cast<double>(found.size()), point);
    }
    std::ranges::sort(ranked);
    const auto kept =
        static_cast<std::size_t>(std::ceil(plan_.stop->keep * static_cast<double>(ranked.size())));
    std::set<std::string> losers;
    for (std::size_t i = std::max<std::size_t>(kept, 1); i < ranked.size(); ++i)
      losers.insert(ranked[i].second);
    for (TrialState& state : states_)
      if (losers.contains(state.trial.point) && state.status == "interrupted") {
        state.status = concat("stopped at ", rung);
        save_trial(plan_, state);
      }
  }

  const Options& options_;
  SweepPlan plan_;
  std::vector<TrialState> states_;
  std::set<std::size_t> failed_;  // by this command; another one tries them again
};

std::string point_label(const std::string& point) {
  return point.empty() ? "as it is" : point;
}

std::vector<std::string> points_of(const std::vector<TrialState>& states) {
  std::vector<std::string> points;
  for (const TrialState& state : states)
    if (std::ranges::find(points, state.trial.point) == points.end())
      points.push_back(state.trial.point);
  return points;
}

/// The values of the trials of a point that are done.
std::vector<double> values_of(const std::vector<TrialState>& states, const std::string& point,
                              const std::string& metric) {
  std::vector<double> values;
  for (const TrialState& state : states)
    if (state.trial.point == point && state.is_done() && state.values.contains(metric))
      values.push_back(state.values.at(metric));
  return values;
}

std::pair<double, double> mean_and_deviation(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean,
          values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : NAN};
}

std::set<std::string> metrics_of(const std::vector<TrialState>& states) {
  std::set<std::string> metrics;
  for (const TrialState& state : states)
    for (const auto& [name, value] : state.values) metrics.insert(name);
  return metrics;
}

void print_table(const std::vector<TrialState>& states) {
  const std::set<std::string> metrics = metrics_of(states);
  std::vector<std::string> heads{"trial", "done"};
  heads.insert(heads.end(), metrics.begin(), metrics.end());
  Table table(heads);
  for (const std::string& point : points_of(states)) {
    const auto in_point = [&](const TrialState& state) { return state.trial.point == point; };
    const auto all = std::ranges::count_if(states, in_point);
    const auto done = std::ranges::count_if(
        states, [&](const TrialState& state) { return in_point(state) && state.is_done(); });
    std::vector<std::string> row{point_label(point), concat(done, " of ", all)};
    for (const std::string& metric : metrics) {
      const std::vector<double> values = values_of(states, point, metric);
      const auto [mean, deviation] = mean_and_deviation(values);
      row.push_back(values.empty()
                        ? "-"
                        : number(mean, "%.4g") +
                              (std::isnan(deviation) ? "" : " ± " + number(deviation, "%.2g")));
    }
    table.add(row);
  }
  std::cout << table.text();
  for (const TrialState& state : states)
    if (!state.is_done())
      std::cout << printable(concat(state.trial.name, ": ", state.status,
                                    state.message.empty() ? "" : ": ", state.message))
                << "\n";
}

Json json_of(const SweepPlan& plan, const std::vector<TrialState>& states) {
  Json json{{"folder", plan.folder},
            {"recipe", plan.recipe},
            {"points", Json::array()},
            {"trials", Json::array()}};
  for (const std::string& point : points_of(states)) {
    Json one{{"point", point_label(point)}, {"values", Json::object()}};
    for (const std::string& metric : metrics_of(states)) {
      const std::vector<double> values = values_of(states, point, metric);
      if (values.empty()) continue;
      const auto [mean, deviation] = mean_and_deviation(values);
      one["values"][metric] = {{"mean", mean}, {"deviation", deviation}, {"runs", values.size()}};
    }
    json["points"].push_back(one);
  }
  for (const TrialState& state : states)
    json["trials"].push_back({{"name", state.trial.name},
                              {"point", point_label(state.trial.point)},
                              {"run", state.folder},
                              {"status", state.status},
                              {"exit", state.exit},
                              {"message", state.message},
                              {"seconds", state.seconds},
                              {"values", state.values}});
  return json;
}

/// With several at a time and no number of threads anywhere, the cores are shared out.
int threads_of(const Options& options, const SweepPlan& plan) {
  if (options.threads > 0 || plan.jobs == 1) return options.threads;
  if (inspect_recipe(plan.recipe, options.overrides).threads > 0) return 0;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / plan.jobs);
}

/// @throws Error where not all is done
void require_done(const Sweep& sweep) {
  if (stop_requested())
    throw Error(Exit::interrupted, "the sweep was stopped; give the same command to go on.");
  std::vector<std::string> failed;
  for (const TrialState& state : sweep.states())
    if (state.status == "failed") failed.push_back(state.trial.name);
  if (!failed.empty())
    throw Error(Exit::failed,
                concat(failed.size(), " of ", sweep.states().size(),
                       " trials failed: ", enumerate(failed), ". ", sweep.plan().folder,
                       "/logs has what they printed; the same command tries them again."));
}

}  // namespace

void sweep(const Options& options) {
  SweepPlan plan = read_sweep(options);
  Options chosen = options;
  chosen.threads = threads_of(options, plan);
  std::vector<TrialState> states = open_trials(plan, options);
  stop_on_signals();
  Sweep all(chosen, std::move(plan), std::move(states));
  all.run();
  std::vector<std::string> done;
  for (const TrialState& state : all.states())
    if (state.is_done()) done.push_back(state.folder);
  if (options.compare && done.size() > 1) {
    if (!options.json) print_table(all.states());
    if (!options.json) std::cout << "\n";
    compare_runs(done, options);
  } else if (options.json) {
    std::cout << document_text(json_of(all.plan(), all.states()));
  } else {
    print_table(all.states());
  }
  require_done(all);
}

}  // namespace weft::host
