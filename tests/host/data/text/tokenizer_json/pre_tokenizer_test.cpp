// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/pre_tokenizer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// The lengths of the words, equal ones in a row as [length, how many].
Json runs_of(const TextSplitter& splitter, const std::string& text) {
  Json runs = Json::array();
  for (const std::string_view word : splitter.split(text).words) {
    if (runs.empty() || runs.back()[0].get<std::size_t>() != word.size())
      runs.push_back({word.size(), 0});
    runs.back()[1] = runs.back()[1].get<int>() + 1;
  }
  return runs;
}

/// Hugging Face's tokenizers divide the same texts; tests/reference/split_runs.py asked them.
TEST(TextSplitter, LongRunsAreDividedAsByTheReference) {
  const Json values =
      Json::parse(test::read_file(WEFT_SOURCE_DIR "/tests/reference/split_runs.json"));
  std::map<std::string, TextSplitter> splitters;
  for (const auto& [name, expressions] : values.at("expressions").items()) {
    std::vector<SplitStep> steps;
    for (const Json& expression : expressions)
      steps.emplace_back().pattern = {expression.get<std::string>(), true};
    splitters.emplace(name, TextSplitter(steps, "The tokenizer " + name));
  }
  SplitStep own;  // GPT-2's expression, which byte-level tokenizers need not write out
  own.kind = SplitStep::Kind::byte_level;
  own.words = true;
  const TextSplitter own_gpt2({own}, "The tokenizer");
  ASSERT_GE(values.at("rows").size(), 100U);
  for (const Json& row : values.at("rows")) {
    const auto name = row.at("model").get<std::string>();
    const auto unit = row.at("unit").get<std::string>();
    std::size_t characters = 0;
    for (const char c : unit) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    std::string text = "x";
    for (std::size_t i = 0; i < 40'000 / characters; ++i) text += unit;
    text += 'y';
    EXPECT_EQ(runs_of(splitters.at(name), text), row.at("parts")) << name << ": " << row.at("unit");
    if (name == "gpt2") {
      EXPECT_EQ(runs_of(own_gpt2, text), row.at("parts")) << row.at("unit");
    }
  }
}

}  // namespace
}  // namespace weft::host
