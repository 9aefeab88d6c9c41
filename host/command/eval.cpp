// SPDX-License-Identifier: Apache-2.0
#include "host/base/text.hpp"
#include "host/command/console.hpp"
#include "host/command/results.hpp"
#include "host/command/verbs.hpp"
#include "host/session/prediction.hpp"
#include "host/session/runs.hpp"

namespace weft::host {

void evaluate_runs(const Options& options) {
  Console console(options);
  std::vector<Result> results;
  SessionSettings settings = session_settings(options);
  if (options.interval != 0)
    settings.overrides.push_back(
        concat(R"(evaluate.interval={"bootstrap": )", options.interval, "}"));
  for (const std::string& folder : options.operands) {
    Result& result = results.emplace_back(
        evaluate_run(folder, settings, options.split, options.locked, console));
    if (options.samples == 0) continue;
    Observer told_already;
    Predictor predictor(open_run(folder, settings, Opens::none, false, told_already), settings, {});
    result.samples = show_samples(predictor, split_named(result.split),
                                  static_cast<std::size_t>(options.samples));
  }
  print_results(results, options.json);
}

}  // namespace weft::host
