// SPDX-License-Identifier: Apache-2.0
#include "host/report/run_summary.hpp"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/report/file_text.hpp"
#include "host/report/planned.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_longest_recipe = std::size_t{1} << 24;  // in bytes

}  // namespace

std::optional<std::int64_t> time_of(const Json& event) {
  const auto text = event.find("time");
  if (text == event.end() || !text->is_string()) return std::nullopt;
  std::tm parts{};
  if (strptime(text->get_ref<const std::string&>().c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) ==
      nullptr)
    return std::nullopt;
  return static_cast<std::int64_t>(timegm(&parts));
}

RunCost cost_of(const std::vector<Json>& events) {
  RunCost cost;
  std::optional<std::int64_t> begun, last;
  const auto end_stretch = [&] {
    if (begun && last)
      cost.seconds = cost.seconds.value_or(0) + static_cast<double>(*last - *begun);
  };
  for (const Json& event : events) {
    const std::optional<std::int64_t> time = time_of(event);
    if (event["event"] == "start") {
      end_stretch();
      begun = time;
    }
    last = time;
    if (event["event"] != "done") continue;
    if (event.value("parameters", Json()).is_number()) cost.parameters = event["parameters"];
    if (event.value("peak_memory", Json()).is_number())
      cost.peak_memory = std::max<std::int64_t>(cost.peak_memory.value_or(0), event["peak_memory"]);
  }
  end_stretch();
  cost.flops = flops_of(events);
  return cost;
}

Json kept_recipe(const OpenFolder& run) {
  require_run(run);
  try {
    Json recipe =
        parse_strictly(file_text(run, "recipe.json", k_longest_recipe), JsonBounds{.depth = 64});
    if (recipe.is_object()) return recipe;
  } catch (const std::invalid_argument&) {
  }
  throw Error(Exit::bad_data, concat(run.path_of("recipe.json"), " is damaged: it is no recipe."));
}

std::string latest_of(const OpenFolder& run) {
  if (!run.has_file("latest")) return "";
  std::string name = file_text(run, "latest", 4096);
  name.erase(name.find_last_not_of(" \r\n") + 1);
  return name.substr(name.rfind('/') + 1);
}

std::string recipe_but_for_seed(const Json& recipe) {
  Json rest = recipe;
  for (const char* key : {"seed", "name", "threads", "$schema"}) rest.erase(key);
  return rest.dump();
}

}  // namespace weft::host
