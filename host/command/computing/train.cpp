// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/computing/ranks.hpp"
#include "host/command/computing/results.hpp"
#include "host/command/process.hpp"
#include "host/report/run_page.hpp"
#include "host/session/shared_run.hpp"

namespace weft::host {
namespace {

RunFolder::Mode mode_of(const Options& options) {
  if (options.resume && options.overwrite)
    throw Error(Exit::usage, "--resume goes on with a run and --overwrite replaces it: give one.");
  if (options.quiet && options.verbose)
    throw Error(Exit::usage, "--quiet tells less and --verbose more: give one.");
  if (options.resume) return RunFolder::Mode::resume;
  return options.overwrite ? RunFolder::Mode::overwrite : RunFolder::Mode::create;
}

/// A page about the run that ended, its result, and what may come next.
void tell_end(const Options& options, const std::string& folder,
              const std::optional<Result>& result) {
  const OpenFolder run(folder);
  write_text(run, "report.html", run_page(run, {}));
  if (result) print_results({*result}, options.json);
  if (options.quiet) return;
  std::cerr << printable(concat("Next: `weft report ", folder,
                                "` writes a page with samples, `weft predict ", folder,
                                "` answers, `weft compare ", folder, " OTHER` compares."),
                         k_sentence_bytes)
            << "\n";
}

void train_on(const Options& options, const World& world, Collective& ranks) {
  RankObserver told(options, world);
  const SessionSettings settings = session_settings(options, world.local_size);
  TrainSettings how;
  how.run = options.run;
  how.mode = mode_of(options);
  how.locked = options.locked;
  how.dry_run = options.dry_run;
  how.stop = &stop_requested();
  const std::optional<Result> result =
      train_together(inspect_recipe(options.operands[0], settings.overrides), settings, how,
                     told.observer(), {ranks, world.restart > 0});
  if (told.console() != nullptr && !options.dry_run)
    tell_end(options, told.console()->folder(), result);
}

}  // namespace

void train(const Options& options) {
  among_ranks(options.run.empty() ? "runs/weft" : options.run,
              [&](const World& world, Collective& ranks) { train_on(options, world, ranks); });
}

}  // namespace weft::host

WEFT_EXPORT_VERB(train, train)
