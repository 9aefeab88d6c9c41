// SPDX-License-Identifier: Apache-2.0
/// `weft rerun RUN`: the run repeated and compared.

#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/json_document.hpp"
#include "host/command/process.hpp"
#include "host/report/table.hpp"
#include "host/session/repeat.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t k_most_shown = 20;

OrderedJson document(const SavedWeights& weights) {
  return {{"stage", weights.stage}, {"step", weights.step}, {"xxh3", weights.xxh3}};
}

OrderedJson document(const Repeated& result) {
  OrderedJson different = OrderedJson::array();
  for (const ComparedNumber& one : result.different)
    different.push_back({{"name", one.name}, {"before", one.before}, {"now", one.now}});
  return {{"run", result.before},
          {"again", result.now},
          {"equal", result.is_equal()},
          {"weights",
           {{"before", document(result.weights_before)}, {"now", document(result.weights_now)}}},
          {"compared", result.compared},
          {"different", different},
          {"missing", result.missing}};
}

void print(const Repeated& result) {
  Table table({"", result.before, result.now});
  const auto checkpoint = [](const SavedWeights& weights) {
    return concat(weights.stage, "-", weights.step, " ", weights.xxh3);
  };
  table.add({"final weights", checkpoint(result.weights_before), checkpoint(result.weights_now)});
  for (std::size_t i = 0; i < result.different.size() && i < k_most_shown; ++i) {
    const ComparedNumber& one = result.different[i];
    table.add({one.name, number(one.before, "%.9g"), number(one.now, "%.9g")});
  }
  std::cout << table.text();
  if (!result.missing.empty())
    std::cout << "only one of them has " << printable(result.missing.front())
              << (result.missing.size() > 1 ? concat(" and ", result.missing.size() - 1, " more")
                                            : "")
              << "\n";
  std::cout << result.compared - static_cast<std::int64_t>(result.different.size()) << " of "
            << result.compared << " losses and metrics are equal to the bit.\n";
}

}  // namespace

void rerun(const Options& options) {
  Console console(options);
  const RunFolder::Mode mode =
      options.overwrite ? RunFolder::Mode::overwrite : RunFolder::Mode::create;
  TrainSettings train;
  train.run = options.run;
  train.mode = mode;
  train.stop = &stop_requested();
  const Repeated result =
      repeat_run(options.operands[0], session_settings(options), train, console);
  if (options.json)
    std::cout << document_text(document(result));
  else
    print(result);
  if (!result.is_equal())
    throw Error(Exit::failed, concat(result.before, " and ", result.now,
                                     " are not equal. The warnings above and `weft diff ",
                                     result.before, " ", result.now, "` say what else differs."));
}

}  // namespace weft::host

WEFT_EXPORT_VERB(rerun, rerun)
