// SPDX-License-Identifier: Apache-2.0
/// `weft report RUN`: a page about a run.

#include "host/report/run_page.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/json_document.hpp"
#include "host/session/report_samples.hpp"
#include "host/session/runs.hpp"

namespace weft::host {
namespace {

/// The samples of the evaluation's data; none where the run evaluates nothing.
RunPageSamples samples_of(const Options& options, const std::string& folder) {
  Console console(options);
  const SessionSettings settings = session_settings(options);
  TrainedRun run = open_run(folder, settings, Opens::evaluated, /*locked=*/false, console);
  const EvaluationPlan plan = run.session.recipe.evaluate;
  const Dataset data = run.session.data.at(plan.data);
  PredictSettings predict;
  predict.maps = true;
  Predictor predictor(std::move(run), settings, predict);
  return report_samples(predictor, data,
                        split_named(options.split.empty() ? plan.split : options.split),
                        static_cast<std::size_t>(options.count));
}

}  // namespace

void report(const Options& options) {
  const std::string& folder = options.operands[0];
  if (options.count < 1 || options.count > 1000)
    throw Error(Exit::usage,
                concat("weft report: --count takes 1 to 1000, found ", options.count, "."));
  const std::string out =
      options.out.empty() ? (std::filesystem::path(folder) / "report.html").string() : options.out;
  // The run's own page is made anew each time; any other file is the user's.
  if (!options.out.empty() && !options.overwrite && std::filesystem::exists(out))
    throw Error(Exit::cannot_create, concat("There is a file ", out,
                                            " already. Name another --out, "
                                            "or replace it with --overwrite."));
  const OpenFolder run(folder);
  const std::string page = run_page(run, samples_of(options, folder));
  if (options.out.empty())
    write_text(run, "report.html", page);
  else
    write_text(out, page);
  if (options.json)
    std::cout << document_text({{"run", folder}, {"page", out}, {"bytes", page.size()}});
  else
    std::cout << printable(out) << ": " << (page.size() + 1023) / 1024 << " KiB.\n";
}

}  // namespace weft::host

WEFT_EXPORT_VERB(report, report)
