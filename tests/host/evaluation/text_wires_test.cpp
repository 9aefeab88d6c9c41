// SPDX-License-Identifier: Apache-2.0
/// Texts reach metrics as bytes: those of fields and those that a decoder writes.
#include "host/evaluation/text_wires.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/generation/write.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

constexpr std::int64_t k_length = 6;

/// The answering recipe, measured by its texts.
host::Recipe recipe_with(const std::string& metrics, const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides{
      "metrics=" + metrics,
      "data.qa.shards.test=[\"" WEFT_SOURCE_DIR "/examples/digits/digits-qa-test-000.tar\"]",
      R"(evaluate={"data": "qa", "metrics": ["same", "written"], "batch_size": 50,
                   "generate": {"node": "answer", "max_length": 6}})"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return read_text(answering_recipe(), overrides);
}

const char* const k_metrics = R"({
  "same": {"use": "metric.wer", "in": {"predicted": "batch.answer_text", "target": ["batch.answer_text"]}},
  "written": {"use": "metric.wer", "in": {"predicted": "answer.text", "target": ["batch.answer_text"]}}})";

/// What the sample says and what the decoder writes, by row.
struct Texts {
  std::vector<std::string> fields, written;
};
Texts texts_of(const host::Model& model, const host::Dataset& data) {
  Texts texts;
  host::EvaluationStream stream(data, host::Split::test, 40);
  const std::size_t vision = model.wiring().index("vision"),
                    answer = model.wiring().index("answer");
  std::int64_t example = 0;
  host::GenerationPlan entry;
  entry.node = "answer";
  entry.max_length = k_length;
  const std::vector<host::GenerationPlan> entries{entry};
  for (host::Batch batch; stream.next(batch);) {
    host::TensorMap tensors;
    for (const auto& [name, array] : batch.fields) tensors[name] = host::from_array(array);
    const host::Values values = model.forward({vision}, tensors, {false, 0, "qa"});
    const host::Array ids = host::to_array(best_tokens(
        write_texts(model, {answer}, values, tensors, {entries, batch.size}).at(answer), 0));
    for (std::int64_t row = 0; row < batch.size; ++row) {
      texts.fields.push_back(data.value(host::Split::test, example++, "/answer"));
      texts.written.push_back(data.decode_tokens(
          {ids.data<std::int64_t>() + row * ids.sizes[1], static_cast<std::size_t>(ids.sizes[1])}));
    }
  }
  return texts;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

/// Words to replace, leave out or add, for each word that is wanted.
double error_rate(const Texts& texts) {
  double errors = 0, wanted = 0;
  for (std::size_t i = 0; i < texts.fields.size(); ++i) {
    const auto a = words_of(texts.fields[i]), b = words_of(texts.written[i]);
    std::vector<std::vector<double>> distance(a.size() + 1, std::vector<double>(b.size() + 1));
    for (std::size_t x = 0; x <= a.size(); ++x)
      for (std::size_t y = 0; y <= b.size(); ++y)
        distance[x][y] = x == 0 || y == 0
                             ? static_cast<double>(x + y)
                             : std::min({distance[x - 1][y] + 1, distance[x][y - 1] + 1,
                                         distance[x - 1][y - 1] + (a[x - 1] == b[y - 1] ? 0 : 1)});
    errors += distance[a.size()][b.size()];
    wanted += static_cast<double>(a.size());
  }
  return errors / wanted;
}

TEST(TextWires, MetricsReadFieldsAndWhatIsWritten) {
  const host::GradMode off(false);
  const TemporaryFolder folder;
  const host::Recipe recipe = recipe_with(k_metrics);
  const host::Dataset data = host::Dataset::open("qa", recipe.data[0].config, folder.path("cache"));
  const host::Model model(wire(recipe), recipe.seed);
  const auto found = evaluate(
      model, data, {host::Split::test, 50, {"same", "written"}, "", recipe.evaluate.generate});
  const Texts texts = texts_of(model, data);
  ASSERT_GT(texts.fields.size(), 100U);
  EXPECT_EQ(found.all.at("same.wer"), 0);
  EXPECT_EQ(found.all.at("same.cer"), 0);
  EXPECT_GT(error_rate(texts), 0.5);
  EXPECT_NEAR(found.all.at("written.wer"), error_rate(texts), 1e-12);
}

TEST(TextWires, TextsComeOnlyWhereTheyAreRead) {
  const TemporaryFolder folder;
  const host::Recipe recipe = recipe_with(k_metrics);
  const host::Dataset data = host::Dataset::open("qa", recipe.data[0].config, folder.path("cache"));
  const host::Wiring wiring = wire(recipe);
  EXPECT_THAT(texts_read(wiring, {wiring.index("same")}, data), testing::ElementsAre("answer"));
  EXPECT_THAT(texts_read(wiring, {wiring.index("ce")}, data), testing::IsEmpty());
  host::EvaluationStream stream(data, host::Split::test, 4);
  host::Batch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_TRUE(batch.texts.empty());
  for (const auto& [name, array] : batch.fields) EXPECT_EQ(name.find("_text"), std::string::npos);
}

TEST(TextWires, AreAsLongAsTheLongest) {
  const auto [bytes, mask] = host::text_tensors({"ab", "", "äc"});
  EXPECT_EQ(bytes.sizes(), (std::vector<std::int64_t>{3, 3}));
  const host::Array values = host::to_array(bytes), real = host::to_array(mask);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(values.data<std::uint8_t>()), 9),
            std::string("ab\0\0\0\0\xc3\xa4"
                        "c",
                        9));
  EXPECT_EQ(std::vector<bool>(real.data<bool>(), real.data<bool>() + 9),
            (std::vector<bool>{true, true, false, false, false, false, true, true, true}));
  EXPECT_EQ(host::text_tensors({""}).first.sizes(), (std::vector<std::int64_t>{1, 1}));
}

std::string first_problem(const host::Recipe& recipe) {
  try {
    wire(recipe);
    return "";
  } catch (const host::RecipeError& error) {
    return error.problems().front().text;
  }
}

TEST(TextWires, OnlyMetricsReadTexts) {
  EXPECT_EQ(first_problem(recipe_with(k_metrics, {"losses.ce.in.target=batch.answer_text"})),
            "batch.answer_text is the text itself, which only metrics read. Wire batch.answer, its "
            "tokens.");
  EXPECT_EQ(first_problem(recipe_with(k_metrics, {"losses.ce.in.target=answer.text"})),
            "\"answer.text\" is written for metrics only, and only where evaluate.generate.node is "
            "\"answer\".");
}

}  // namespace
}  // namespace weft::test
