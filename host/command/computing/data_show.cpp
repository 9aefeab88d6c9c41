// SPDX-License-Identifier: Apache-2.0
/// `weft data show`: a page of examples to look at.

#include <filesystem>
#include <iostream>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/bare_data.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/data/inspect/contact_sheet.hpp"
#include "host/data/loading/stream.hpp"
#include "host/session/session.hpp"

namespace weft::host {

void data_show(const Options& options) {
  const auto wrong = [](const std::string& what) {
    throw Error(Exit::usage, concat("weft data show: ", what));
  };
  if (options.out.empty()) wrong("--out names the page to write, e.g. --out look.html.");
  if (options.count < 1 || options.count > 1000)
    wrong(concat("--count takes 1 to 1000, found ", options.count, "."));
  if (options.training && !options.split.empty() && options.split != "train")
    wrong("--training shows the part train; leave --split out.");
  if (!options.overwrite && std::filesystem::exists(options.out))
    throw Error(Exit::cannot_create, concat("There is a file ", options.out,
                                            " already. Name another --out, or replace it with "
                                            "--overwrite."));
  const Recipe recipe = recipe_or_data(options);
  const DataPlan plan = chosen_section(options, recipe);
  const Dataset dataset = open_section(options, plan, /*tolerant=*/true);
  const std::string split = options.split.empty() ? "train" : options.split;
  const std::string seen = options.training
                               ? concat("as training sees them with seed ", recipe.seed,
                                        ": augmented, swapped, in the order of training")
                               : std::string("in file order, as evaluation sees them");
  ContactSheet sheet(dataset, concat(recipe.name, ": ", plan.name, ", ", split),
                     concat("Examples ", seen,
                            ". Pictures are shown after the transforms, with their normalisation "
                            "undone; spectra from low bands at the bottom to high ones at the top; "
                            "tokens with their ids as tooltips."));
  if (options.training) {
    TrainingStream stream(dataset, options.count, recipe.seed);
    sheet.add(stream.next(), options.count);
  } else {
    EvaluationStream stream(dataset, split_named(split), options.count);
    Batch batch;
    while (sheet.cards() < options.count && stream.next(batch))
      sheet.add(batch, options.count - sheet.cards());
    sheet.add_waveforms(split_named(split));
  }
  write_text(options.out, sheet.html());
  std::cout << printable(options.out) << ": " << counted(sheet.cards(), "example") << " of data "
            << printable(plan.name) << ".\n";
  if (const std::size_t bad = dataset.set_aside().size(); bad > 0)
    std::cout << counted(static_cast<std::int64_t>(bad), "sample")
              << " cannot be used and were left out; `weft data check` lists them.\n";
}

}  // namespace weft::host
