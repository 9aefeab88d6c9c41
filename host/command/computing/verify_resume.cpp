// SPDX-License-Identifier: Apache-2.0
/// `weft verify-resume RECIPE`: the proof that stopping and resuming changes no bit.

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/json_document.hpp"
#include "host/report/table.hpp"
#include "host/session/repeat.hpp"

namespace weft::host {

void verify_resume(const Options& options) {
  constexpr std::int64_t k_steps = 12;
  const std::int64_t steps = options.steps == k_own_steps ? k_steps : options.steps;
  Console console(options);
  const std::vector<ChainLink> links =
      verify_resume(options.operands[0], session_settings(options), steps, console);
  const auto unequal = std::ranges::find_if(
      links, [](const ChainLink& link) { return link.straight != link.resumed; });
  const auto stops = std::ranges::count_if(links, &ChainLink::is_stop);
  if (options.json) {
    nlohmann::ordered_json chain = nlohmann::ordered_json::array();
    for (const ChainLink& link : links)
      chain.push_back({{"stage", link.stage},
                       {"step", link.step},
                       {"straight", link.straight},
                       {"resumed", link.resumed},
                       {"stop", link.is_stop}});
    std::cout << document_text(
        {{"equal", unequal == links.end()}, {"stops", stops}, {"chain", chain}});
  } else {
    Table table({"saved state", "without a stop", "stopped and resumed", ""});
    for (const ChainLink& link : links)
      table.add({concat(link.stage, "-", link.step), link.straight,
                 link.resumed.empty() ? "none" : link.resumed,
                 link.straight != link.resumed ? "differs"
                 : link.is_stop                ? "stopped here"
                                               : ""});
    std::cout << table.text();
  }
  if (unequal != links.end())
    throw Error(Exit::failed,
                concat("from ", unequal->stage, "-", unequal->step,
                       " on the run that was stopped is not the same. Use --threads 1; if that "
                       "does not help, a part keeps something that no checkpoint holds, which "
                       "`weft plugin check` finds."));
  if (stops == 0)
    throw Error(Exit::failed, "no stage is long enough to be stopped. Give a larger --steps.");
  if (!options.json)
    std::cout << "Stopped and resumed " << stops << (stops == 1 ? " time" : " times") << ": all "
              << links.size() << " saved states are equal to the bit.\n";
}

}  // namespace weft::host

WEFT_EXPORT_VERB(verify_resume, verify_resume)
