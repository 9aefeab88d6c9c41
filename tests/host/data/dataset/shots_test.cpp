// SPDX-License-Identifier: Apache-2.0
/// Examples that a text shows before itself. A tokenizer of single characters gives texts back.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/first_example.hpp"
#include "host/data/loading/given.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::Not;
using testing::UnorderedElementsAreArray;

/// The members of `shots`.
std::string shots(int count, const std::string& more = "") {
  return R"("template": "{/q}={/a};", "count": )" + std::to_string(count) + more;
}

class ShotsTest : public testing::Test {
 protected:
  ShotsTest() {
    // Letters of the vocabulary: 0-9 a-z = ; and braces, each a token of its own.
    std::string vocabulary = R"("?": 0)";
    int id = 0;
    for (const char letter : std::string("0123456789abcdefghijklmnopqrstuvwxyz=;{}"))
      vocabulary += std::string(R"(, ")") + letter + R"(": )" + std::to_string(++id);
    test::write_file(tokenizer_, R"({"added_tokens": [{"id": 99, "content": "[PAD]"}],
      "model": {"type": "BPE", "unk_token": "?", "merges": [], "vocab": {)" +
                                     vocabulary + "}}}");
    write("train", 0, 12);
    write("test", 20, 8);
  }

  /// Samples q = number, a = its letter, and one of four groups.
  void write(const std::string& name, int first, int count) {
    std::string lines;
    for (int i = first; i < first + count; ++i)
      lines += R"({"q": ")" + std::to_string(100 + i) + R"(", "a": ")" +
               std::string(1, static_cast<char>('a' + i % 26)) + R"(", "g": )" +
               std::to_string(i % 4) + "}\n";
    test::write_file(path(name), lines);
  }

  std::string path(const std::string& name) const { return folder_.path(name + ".jsonl"); }

  /// @param shots  what stands in it; empty: the field has none
  std::string section(const std::string& shots, const std::string& more = "",
                      int max_length = 40) const {
    const std::string whole = shots.empty() ? "" : R"(, "shots": {)" + shots + "}";
    return R"({"shards": {"train": [")" + path("train") + R"("], "test": [")" + path("test") +
           R"("]}, "tokenizer": {"file": ")" + tokenizer_ + R"("}, "order": "sequence")" + more +
           R"(, "fields": {"t": {"kind": "text", "pointer": "/q", "suffix": "=", "max_length": )" +
           std::to_string(max_length) + whole + "}}}";
  }

  Dataset open(const std::string& json, const Dataset* training = nullptr) const {
    return Dataset::open("d", json, folder_.path("cache"), nullptr, "", Commands::refused,
                         training);
  }

  static std::vector<std::string> texts(const Dataset& data, Split split) {
    std::vector<std::string> texts;
    EvaluationStream stream(data, split, 3);
    for (Batch batch; stream.next(batch);)
      for (std::int64_t row = 0; row < batch.size; ++row)
        texts.push_back(text_of(data, batch, row));
    return texts;
  }

  static std::string text_of(const Dataset& data, const Batch& batch, std::int64_t row) {
    std::vector<std::int64_t> ids = test::integers(batch, "t", row);
    std::erase(ids, 99);
    std::string text = data.decode_tokens(ids);
    std::erase(text, ' ');
    return text;
  }

  /// `100=a;103=d;120=` as {100, 103} and 120.
  static std::pair<std::vector<int>, int> numbers(const std::string& text) {
    std::vector<int> shown;
    std::size_t at = 0;
    for (; at + 6 <= text.size(); at += 6) {
      const int number = std::stoi(text.substr(at, 3));
      EXPECT_EQ(text.substr(at + 3, 3),
                std::string("=") + static_cast<char>('a' + (number - 100) % 26) + ";");
      shown.push_back(number);
    }
    EXPECT_EQ(text.substr(at + 3), "=");
    return {shown, std::stoi(text.substr(at, 3))};
  }

  test::Folder folder_;
  const std::string tokenizer_ = folder_.path("tokenizer.json");
};

TEST_F(ShotsTest, ShowsExamplesOfTheTrainingPartInTheLayout) {
  std::set<std::vector<int>> all;
  for (const std::string& text : texts(open(section(shots(3))), Split::test)) {
    const auto [shown, own] = numbers(text);
    EXPECT_EQ(shown.size(), 3U);
    EXPECT_EQ(std::set<int>(shown.begin(), shown.end()).size(), 3U);
    EXPECT_THAT(shown, Each(testing::Lt(112)));
    EXPECT_GE(own, 120);
    all.insert(shown);
  }
  EXPECT_GT(all.size(), 4U);  // of 8 texts: they are drawn for each
}

TEST_F(ShotsTest, EachExampleIsAsLikelyAtEachPlace) {
  std::map<std::pair<std::size_t, int>, int> counts;
  constexpr int k_seeds = 300;
  for (int seed = 0; seed < k_seeds; ++seed) {
    const std::string more = R"(, "seed": )" + std::to_string(seed);
    for (const std::string& text : texts(open(section(shots(2, more))), Split::test)) {
      const std::vector<int> shown = numbers(text).first;
      for (std::size_t place = 0; place < 2; ++place) ++counts[{place, shown[place]}];
    }
  }
  ASSERT_EQ(counts.size(), 24U);
  // 2,400 draws of 12: 200 each, with a standard deviation of 13.5; five of them.
  for (const auto& [place, count] : counts) EXPECT_NEAR(count, 200, 68) << place.second;
}

TEST_F(ShotsTest, NeverShowsTheTextsOwnSample) {
  for (const std::string& text : texts(open(section(shots(11), "", 80)), Split::train)) {
    const auto [shown, own] = numbers(text);
    std::vector<int> others;
    for (int i = 100; i < 112; ++i)
      if (i != own) others.push_back(i);
    EXPECT_THAT(shown, UnorderedElementsAreArray(others));
  }
  EXPECT_THAT(error_of([&] { texts(open(section(shots(12), "", 80)), Split::train); }).second,
              HasSubstr("sample 1: field t is to show 12 examples, and the training part has 11 of "
                        "other samples that can be used. Lower shots/count, or name more shards."));
}

TEST_F(ShotsTest, NeverShowsAnotherEntryOfTheSample) {
  std::string lines;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(10 + i);
    lines +=
        R"({"list": [{"q": ")" + n + R"(0", "a": "a"}, {"q": ")" + n + R"(1", "a": "b"}]})" + "\n";
  }
  test::write_file(path("train"), lines);
  test::write_file(path("test"), lines);
  const Dataset data = open(section(shots(4), R"(, "explode": "/list")"));
  for (const Split split : {Split::train, Split::test})  // a copy is the same sample
    for (const std::string& text : texts(data, split)) {
      std::set<std::string> samples;
      for (std::size_t at = 0; at < 24; at += 6) samples.insert(text.substr(at, 2));
      EXPECT_EQ(samples.size(), 2U);
      EXPECT_THAT(samples, Not(Contains(text.substr(24, 2))));
    }
}

TEST_F(ShotsTest, NeverShowsOneOfTheTextsGroup) {
  const auto group = [](int number) { return number % 4; };
  for (const Split split : {Split::train, Split::test})
    for (const std::string& text :
         texts(open(section(shots(9, R"(, "group_by": "/g")"), "", 80)), split)) {
      const auto [shown, own] = numbers(text);
      std::vector<int> others;
      for (int i = 100; i < 112; ++i)
        if (group(i) != group(own)) others.push_back(i);
      EXPECT_THAT(shown, UnorderedElementsAreArray(others));
    }
  EXPECT_THAT(error_of([&] {
                texts(open(section(shots(10, R"(, "group_by": "/g")"), "", 80)), Split::test);
              }).second,
              HasSubstr("has 9 of other samples and groups that can be used."));
}

TEST_F(ShotsTest, WithNoneNothingChanges) {
  const std::vector<std::string> plain = texts(open(section("")), Split::test);
  EXPECT_EQ(texts(open(section(shots(0))), Split::test), plain);
  EXPECT_EQ(plain.front(), "120=");
  EXPECT_NE(texts(open(section(shots(1))), Split::test), plain);
  EXPECT_EQ(section_of_shots(section(shots(0)), {"t"}), "");
}

TEST_F(ShotsTest, EqualTextsGetEqualExamplesWhereverTheyAreRead) {
  const std::string json = section(shots(3));
  const std::vector<std::string> evaluated = texts(open(json), Split::test);
  EXPECT_EQ(texts(open(json), Split::test), evaluated);
  EXPECT_NE(texts(open(section(shots(3, R"(, "seed": 1)"))), Split::test), evaluated);

  const Dataset training = open(section_of_shots(json, {"t"}));
  EXPECT_EQ(training.size(Split::test), 0);
  const Dataset file =
      open(section_to_predict(json, {"t"}, {{path("test")}, true, false}), &training);
  EXPECT_EQ(texts(file, Split::test), evaluated);

  const Dataset given = open(section_to_predict(json, {"t"}, {}), &training);
  const Batch batch = given_batch(given, {{"input", {{"t", "121"}}}, {"more", {{"t", "123"}}}});
  EXPECT_EQ(text_of(given, batch, 0), evaluated[1]);
  EXPECT_EQ(text_of(given, batch, 1), evaluated[3]);
}

TEST_F(ShotsTest, ATextThatIsGivenIsOfNoGroup) {
  const std::string json = section(shots(2, R"(, "group_by": "/g")"));
  const Dataset training = open(section_of_shots(json, {"t"}));
  const Dataset given = open(section_to_predict(json, {"t"}, {}), &training);
  EXPECT_EQ(numbers(text_of(given, given_batch(given, {{"input", {{"t", "121"}}}}), 0)).second,
            121);
}

TEST_F(ShotsTest, WhatIsHeldOutIsNotShown) {
  write("train", 0, 40);
  write("test", 50, 0);
  std::string json = section(shots(5), R"(, "split": {"test": 0.5})");
  const std::string shard = R"(, "test": [")" + path("test") + R"("])";
  json.erase(json.find(shard), shard.size());
  const Dataset data = open(json);
  std::set<int> training, held_out;
  for (const std::string& text : texts(data, Split::train)) training.insert(numbers(text).second);
  const std::vector<std::string> evaluated = texts(data, Split::test);
  for (const std::string& text : evaluated) {
    EXPECT_THAT(numbers(text).first, IsSubsetOf(training));
    held_out.insert(numbers(text).second);
  }
  EXPECT_EQ(training.size() + held_out.size(), 40U);

  const Dataset alone = open(section_of_shots(json, {"t"}));
  EXPECT_EQ(alone.size(Split::train), data.size(Split::train));
  const Dataset given = open(section_to_predict(json, {"t"}, {}), &alone);
  const std::string own = std::to_string(*held_out.begin());
  EXPECT_THAT(evaluated,
              Contains(text_of(given, given_batch(given, {{"input", {{"t", own}}}}), 0)));
}

TEST_F(ShotsTest, InTrainingTheyAreDrawnAnewEachEpoch) {
  const Dataset data = open(section(shots(3)));
  const auto epochs = [&](std::uint64_t seed) {
    TrainingStream stream(data, 12, seed);
    std::vector<std::map<int, std::vector<int>>> shown(2);
    for (auto& epoch : shown) {
      const Batch batch = stream.next();
      for (std::int64_t row = 0; row < 12; ++row) {
        const auto [others, own] = numbers(text_of(data, batch, row));
        EXPECT_THAT(others, Not(Contains(own)));
        epoch[own] = others;
      }
    }
    return shown;
  };
  const auto first = epochs(7);
  EXPECT_EQ(first[0].size(), 12U);
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(epochs(7), first);
  EXPECT_NE(epochs(8), first);
}

TEST_F(ShotsTest, OnesThatCannotBeUsedAreSetAside) {
  std::string lines = test::read_file(path("train"));
  test::write_file(path("train"), lines + "{\"q\": \"100\"}\n");
  const std::string more = R"(, "on_bad_sample": {"skip": 0.5})";
  const Dataset data = open(section(shots(12), more, 80));
  for (const std::string& text : texts(data, Split::test))
    EXPECT_EQ(numbers(text).first.size(), 12U);
  ASSERT_EQ(data.set_aside().size(), 1U);
  EXPECT_EQ(data.set_aside()[0].key, "13");
}

TEST_F(ShotsTest, MistakesAreSentences) {
  const auto found = [&](const std::string& json) {
    return error_of([&] { texts(open(json), Split::test); }).second;
  };
  EXPECT_EQ(found(section(shots(13))),
            "data d, field t/shots/count: expected at most 12, the number of examples of the "
            "training part, found 13. Lower it, or name more shards under shards/train.");
  EXPECT_EQ(found(section(shots(-1))),
            "data field t/shots/count: expected a whole number from 0 to 1000, found -1.");
  for (const char* layout : {"none", "{/q", "{}", "/q}", "{{/q}}"})
    EXPECT_EQ(found(section(R"("count": 1, "template": ")" + std::string(layout) + '"')),
              "data field t/shots/template: expected a text with values in braces, such as Q: "
              "{/question}; a brace itself is {{ or }}, found \"" +
                  std::string(layout) + "\".");
  EXPECT_THAT(found(section(R"("count": 1, "template": "{/q}{/none}")")),
              HasSubstr("there is no value at /none, which shots of field t needs."));
  EXPECT_THAT(found(section(shots(1, R"(, "group_by": "/none")"))),
              HasSubstr("sample 1: there is no value at /none, which shots of field t"));
  EXPECT_THAT(
      found(section(shots(7))),
      HasSubstr("sample 1: field t has 46 tokens with its 7 examples, and room for 40. Raise "
                "max_length, or lower shots/count."));
  EXPECT_THAT(found(section(shots(1), R"(, "stream": true)")),
              HasSubstr("data field t/shots: it needs all samples, and shards/train is a stream."));
}

TEST_F(ShotsTest, ASampleWithoutTheTextIsNamed) {
  test::write_file(path("test"), "{\"a\": \"a\"}\n");
  EXPECT_THAT(error_of([&] { texts(open(section(shots(1))), Split::test); }).second,
              HasSubstr("there is no value at /q, which field t needs."));
}

TEST_F(ShotsTest, BracesAreWrittenTwice) {
  const std::string layout = R"("count": 1, "template": "{{{/a}}}=")";
  const std::string text = texts(open(section(layout)), Split::test).front();
  EXPECT_EQ(text.size(), 8U);
  EXPECT_EQ(text.front(), '{');
  EXPECT_EQ(text.substr(2), "}=120=");
}

TEST_F(ShotsTest, TheFirstExampleTellsOfThem) {
  const std::vector<Found> problems =
      look_at_first_example(open(section(shots(7))), Split::test, "");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].problem.text, HasSubstr("field t has 46 tokens"));
}

}  // namespace
}  // namespace weft::host
