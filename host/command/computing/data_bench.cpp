// SPDX-License-Identifier: Apache-2.0
/// `weft data bench`: how fast data comes, and what limits it.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/bare_data.hpp"
#include "host/command/computing/data_section.hpp"
#include "host/command/json_document.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/inspect/benchmark.hpp"
#include "host/report/table.hpp"
#include "host/session/session.hpp"

namespace weft::host {
namespace {

/// The most memory that the process had in use up to now, in bytes (VmHWM); 0 where the system does
/// not say.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

std::size_t shard_count(const Dataset& dataset) {
  std::size_t count = 0;
  for (const Split split : k_splits) count += dataset.content().part(split).shards.size();
  return count;
}

std::int64_t batch_of(const Recipe& recipe, const std::string& data) {
  for (const StagePlan& stage : recipe.stages)
    if (stage.data == data) return stage.batch_size / stage.grad_accumulation;
  return recipe.evaluate.batch_size;
}

/// What was measured, and of what.
struct Bench {
  std::string data;
  Split split = Split::train;
  std::int64_t examples = 0, all_examples = 0, batch = 0;
  std::size_t shards = 0;
  double opening = 0;                          ///< seconds
  std::int64_t memory_before = 0, memory = 0;  ///< bytes at the most
  Speed speed;
};

nlohmann::ordered_json document(const Bench& bench) {
  const Speed& speed = bench.speed;
  nlohmann::ordered_json stages = nlohmann::ordered_json::array();
  for (const StageSpeed& stage : speed.stages)
    stages.push_back({{"stage", stage.name},
                      {"microseconds", stage.seconds * 1e6},
                      {"share", stage.seconds / speed.cost()}});
  return {{"data", bench.data},
          {"split", split_name(bench.split)},
          {"examples", bench.examples},
          {"shards", bench.shards},
          {"opening_seconds", bench.opening},
          {"batch", bench.batch},
          {"workers", speed.workers},
          {"cores", speed.cores},
          {"samples_per_second", speed.per_second()},
          {"bytes_per_second", speed.per_second() * speed.bytes},
          {"samples", speed.samples},
          {"seconds", speed.seconds},
          {"waited", speed.waited},
          {"stages", stages},
          {"timed", speed.timed},
          {"limit", speed.limit()},
          {"memory_before", bench.memory_before},
          {"peak_memory", bench.memory}};
}

void print(const Bench& bench) {
  const Speed& speed = bench.speed;
  Table table({"stage, one thread", "µs a sample", "samples/s", "share"});
  for (const StageSpeed& stage : speed.stages)
    table.add({stage.name, number(stage.seconds * 1e6, "%.1f"), number(1 / stage.seconds, "%.0f"),
               number(100 * stage.seconds / speed.cost(), "%.1f %%")});
  const double all = static_cast<double>(std::max<std::int64_t>(bench.all_examples, 1));
  std::cout << "data " << printable(bench.data) << ": " << counted(bench.examples, "example")
            << " of the part " << split_name(bench.split) << " of " << bench.all_examples << " in "
            << counted(static_cast<std::int64_t>(bench.shards), "shard") << ", opened in "
            << number(bench.opening, "%.3f") << " s (" << number(1e6 * bench.opening / all, "%.2f")
            << " µs an example)\n"
            << "whole pipeline: " << number(speed.per_second(), "%.1f") << " samples/s ("
            << number(1e6 / speed.per_second(), "%.1f") << " µs a sample), "
            << number(speed.per_second() * speed.bytes / 1e6, "%.1f")
            << " MB/s of members; batches of " << bench.batch << ", "
            << counted(speed.workers, "worker") << "\n"
            << "peak memory: " << number(static_cast<double>(bench.memory) / 1e6, "%.1f")
            << " MB, of which " << number(static_cast<double>(bench.memory_before) / 1e6, "%.1f")
            << " before the data was opened\n\n"
            << table.text() << "\n"
            << speed.limit() << "\n";
}

Bench measure(const Options& options, const Recipe& recipe, const DataPlan& plan) {
  Bench bench;
  bench.data = plan.name;
  bench.batch = batch_of(recipe, plan.name);
  bench.split = split_named(options.split.empty() ? "train" : options.split);
  bench.memory_before = peak_memory();
  const auto begin = std::chrono::steady_clock::now();
  const Dataset dataset = open_section(options, plan, /*tolerant=*/false);
  bench.opening = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool has_cache = dataset.content().options.loading.cache_bytes > 0;
  const Dataset uncached =
      has_cache ? open_section(options, plan, false, /*cached=*/false) : dataset;
  bench.speed =
      measure_speed(dataset, uncached, bench.split, bench.batch, recipe.seed, options.seconds);
  bench.shards = shard_count(dataset);
  bench.examples = dataset.size(bench.split);
  for (const Split each : k_splits) bench.all_examples += dataset.size(each);
  bench.memory = peak_memory();
  return bench;
}

}  // namespace

void data_bench(const Options& options) {
  if (!(options.seconds > 0 && options.seconds <= 86400))
    throw Error(Exit::usage, concat("weft data bench: --seconds takes more than 0, at most 86400, "
                                    "found ",
                                    options.seconds, "."));
  const Recipe recipe = recipe_or_data(options);
  const Bench bench = measure(options, recipe, chosen_section(options, recipe));
  if (options.json)
    std::cout << document_text(document(bench));
  else
    print(bench);
}

}  // namespace weft::host
