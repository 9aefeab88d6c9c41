// SPDX-License-Identifier: Apache-2.0

#include "host/base/text.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/computing/ranks.hpp"
#include "host/command/computing/results.hpp"
#include "host/session/prediction.hpp"
#include "host/session/shared_run.hpp"

namespace weft::host {

namespace {

void evaluate_on(const Options& options, const World& world, Collective& ranks) {
  const bool is_first = world.rank == 0;
  RankObserver told(options, world);
  std::vector<Result> results;
  SessionSettings settings = session_settings(options, world.local_size);
  if (options.interval != 0)
    settings.overrides.push_back(
        concat(R"(evaluate.interval={"bootstrap": )", options.interval, "}"));
  for (const std::string& folder : options.operands) {
    Result& result = results.emplace_back(
        evaluate_run_together(folder, settings, options.split, options.locked, told.observer(),
                              options.overrides.empty() ? Keeps::record : Keeps::nothing, ranks));
    if (options.samples == 0 || !is_first) continue;
    Observer told_already;
    Predictor predictor(open_run(folder, settings, Opens::none, false, told_already), settings, {});
    result.samples = show_samples(predictor, split_named(result.split),
                                  static_cast<std::size_t>(options.samples));
  }
  if (is_first) print_results(results, options.json);
}

}  // namespace

void evaluate_runs(const Options& options) {
  among_ranks(options.operands[0],
              [&](const World& world, Collective& ranks) { evaluate_on(options, world, ranks); });
}

}  // namespace weft::host

WEFT_EXPORT_VERB(eval, evaluate_runs)
