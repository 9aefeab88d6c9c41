// SPDX-License-Identifier: Apache-2.0
/// What a constraint costs beside the tokens of an untrained decoder, on one thread, free and
/// constrained. A text that must be of a form may end early: costs are of tokens that were written.

#include <algorithm>
#include <cstdio>

#include "host/base/random.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/runtime.hpp"
#include "host/generation/write.hpp"
#include "tests/bench/side_by_side.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

using namespace host;

struct Shape {
  const char* name;
  std::int64_t dim, layers, vocabulary, length;
};

/// All characters of ASCII, then words of two to eight letters, half of them behind a space.
TokenTexts made_up(std::int64_t vocabulary) {
  TokenTexts tokens;
  RandomSequence random({1});
  for (std::int64_t id = 0; id < vocabulary; ++id) {
    std::string text;
    if (id >= 4 && id < 99) text = static_cast<char>(' ' + id - 4);
    if (id >= 99) {
      if (random.below(2) == 0) text = " ";
      for (std::uint64_t i = 0, size = 2 + random.below(7); i < size; ++i)
        text += static_cast<char>('a' + random.below(26));
    }
    tokens.behind.push_back(text);
  }
  tokens.first = tokens.behind;
  return tokens;
}

std::vector<std::string> overrides(const Shape& shape) {
  const std::string dim = std::to_string(shape.dim), width = std::to_string(4 * shape.dim);
  return {"graph.vision.config.dim=" + dim,
          "graph.answer.config.dim=" + dim,
          "graph.answer.config.ffn_dim=" + width,
          "graph.answer.config.layers=" + std::to_string(shape.layers),
          "graph.answer.config.vocab_size=" + std::to_string(shape.vocabulary),
          "graph.answer.config.max_length=" + std::to_string(shape.length)};
}

void measure(const Shape& shape) {
  const test::TemporaryFolder cache;
  const Recipe recipe = test::read_text(test::answering_recipe(), overrides(shape));
  const Model model(test::wire(recipe), recipe.seed);
  const std::size_t answer = model.wiring().index("answer");
  Dataset data = Dataset::open("qa", recipe.data[0].config, cache.path("cache"));
  TrainingStream stream(data, 1, 1);
  TensorMap batch;
  for (const auto& [name, array] : stream.next().fields) batch[name] = from_array(array);
  const Values values = model.forward({model.wiring().index("vision")}, batch, {false, 0, "qa"});

  using Kind = ConstraintPlan::Kind;
  const std::vector<std::pair<std::string, ConstraintPlan>> forms{
      {"free", {}},
      {"regex", {Kind::regex, "[ -~]*", {}}},
      {"json_schema",
       {Kind::json_schema, R"({"type": "array", "items": {"type": "string"}})", {}}}};
  std::vector<Way> ways;
  std::vector<std::shared_ptr<Constraints>> kept;
  std::vector<std::int64_t> written(forms.size());
  for (const auto& [name, plan] : forms) {
    GenerationPlan entry;
    entry.node = "answer";
    entry.max_length = entry.min_length = shape.length;
    entry.constrain = plan;
    kept.push_back(std::make_shared<Constraints>([=] { return made_up(shape.vocabulary); }, "qa"));
    ways.push_back({name, [&, entry, constraints = kept.back().get(), way = ways.size()] {
                      const std::vector<GenerationPlan> entries{entry};
                      WriteRequest request{entries, 1};
                      request.constraints = constraints;
                      const auto texts = write_texts(model, {answer}, values, batch, request);
                      written[way] = texts.at(answer).front().front().written;
                    }});
  }
  const std::vector<Timing> timings = side_by_side(ways, 9, 1);
  const auto a_token = [&](std::size_t way) {
    return timings[way].quickest / static_cast<double>(std::max<std::int64_t>(written[way], 1));
  };
  for (std::size_t i = 0; i < timings.size(); ++i)
    std::printf("%-24s %-12s %4lld tokens, %8.1f us each, %5.3f of free\n", shape.name,
                timings[i].name.c_str(), static_cast<long long>(written[i]), 1e6 * a_token(i),
                a_token(i) / a_token(0));
}

}  // namespace
}  // namespace weft::bench

int main() {
  weft::host::set_threads(1);
  for (const weft::bench::Shape& shape :
       {weft::bench::Shape{"width 64, 160 tokens", 64, 2, 160, 64},
        weft::bench::Shape{"width 256, 4000 tokens", 256, 4, 4000, 128},
        weft::bench::Shape{"width 256, 32000 tokens", 256, 4, 32000, 128}})
    weft::bench::measure(shape);
}
