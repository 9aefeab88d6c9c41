// SPDX-License-Identifier: Apache-2.0
/// Lets an untrained decoder.autoregressive write, on one thread: `generate_peer DIM LAYERS HEADS
/// VOCABULARY ROWS LENGTH whole|cached`. For each line that it reads it writes once and prints the
/// seconds that took.

#include <time.h>

#include <cstdio>
#include <iostream>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/runtime.hpp"
#include "host/generation/write.hpp"
#include "tests/bench/peers/peer.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

using namespace host;

/// Processor's time, since other programs take turns with this one.
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<std::string> overrides(const std::vector<std::string>& words) {
  const std::string &dim = words[0], width = std::to_string(4 * std::stoll(dim));
  return {"graph.vision.config.dim=" + dim,
          "graph.vision.config.heads=" + words[2],
          "graph.answer.config.dim=" + dim,
          "graph.answer.config.layers=" + words[1],
          "graph.answer.config.heads=" + words[2],
          "graph.answer.config.ffn_dim=" + width,
          "graph.answer.config.vocab_size=" + words[3],
          "graph.answer.config.max_length=" + words[5]};
}

void serve(const std::vector<std::string>& words) {
  set_threads(1);
  const std::int64_t rows = std::stoll(words[4]);
  const test::TemporaryFolder cache;
  const Recipe recipe = test::read_text(test::answering_recipe(), overrides(words));
  const Model model(test::wire(recipe), recipe.seed);
  const std::size_t answer = model.wiring().index("answer");
  Dataset data = Dataset::open("qa", recipe.data[0].config, cache.path("cache"));
  TrainingStream stream(data, rows, 1);
  TensorMap batch;
  for (const auto& [name, array] : stream.next().fields) batch[name] = from_array(array);
  const Values values = model.forward({model.wiring().index("vision")}, batch, {false, 0, "qa"});
  GenerationPlan plan;
  plan.node = "answer";
  plan.max_length = plan.min_length = std::stoll(words[5]);
  plan.use_cache = words[6] == "cached";
  const std::vector<GenerationPlan> entries{plan};
  for (std::string line; std::getline(std::cin, line);) {
    const double begun = seconds();
    write_texts(model, {answer}, values, batch, {entries, rows});
    std::printf("%.6f\n", seconds() - begun);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  return weft::bench::run(
      count == 8, "generate_peer DIM LAYERS HEADS VOCABULARY ROWS LENGTH whole|cached", [&] {
        weft::bench::serve({words + 1, words + count});
      });
}
