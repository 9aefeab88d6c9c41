// SPDX-License-Identifier: Apache-2.0
/// `weft data ACTION …`.

#include <algorithm>

#include "host/base/text.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/command/computing/export_verb.hpp"

namespace weft::host {
namespace {

struct Action {
  const char* name;
  std::vector<std::string> options;  ///< those of the verb that it reads
  void (*run)(const Options&);
};

const std::vector<Action>& actions() {
  static const std::vector<Action> all = {
      {"check", {"set", "data", "json"}, data_check},
      {"stats", {"set", "data", "json"}, data_stats},
      {"show",
       {"set", "data", "split", "count", "training", "out", "overwrite", "allow-commands"},
       data_show},
      {"pack", {"out", "samples", "bytes", "overwrite", "json"}, data_pack},
      {"bench", {"set", "data", "split", "seconds", "allow-commands", "json"}, data_bench}};
  return all;
}

}  // namespace

void data(const Options& options) {
  std::vector<std::string> names;
  for (const Action& action : actions()) {
    names.emplace_back(action.name);
    if (options.operands[0] != action.name) continue;
    for (const std::string& name : options.given) {
      if (std::ranges::find(action.options, name) != action.options.end()) continue;
      throw Error(Exit::usage,
                  concat("weft data ", action.name, ": --", name,
                         " is not for this action. It takes --", enumerate(action.options), "."));
    }
    return action.run(options);
  }
  throw Error(Exit::usage, concat("weft data: no action is called \"", options.operands[0], "\".",
                                  suggestion(options.operands[0], names)));
}

}  // namespace weft::host

WEFT_EXPORT_VERB(data, data)
