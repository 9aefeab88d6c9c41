// SPDX-License-Identifier: Apache-2.0
/// Samples that cannot be used: an error each, or set aside up to a share.

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "host/base/text.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/skipped_samples.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::Members;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int k_count = 600;

class BadSampleTest : public testing::Test {
 protected:
  BadSampleTest() {
    const std::string good_png = test::png(4, 4, 1, std::vector<std::uint8_t>(16, 9));
    const std::string good_wav = test::wav(8000, 1, std::vector<std::int16_t>(800, 9));
    std::string flipped = good_png;
    flipped[50] = static_cast<char>(flipped[50] ^ 1);
    const std::string json = R"({"number": 1, "parity": "odd", "question": "Is it?"})";
    Members members;
    for (int i = 0; i < k_count; ++i) {
      std::string picture = good_png, voice = good_wav, text = json;
      // One in a hundred, each of another sort.
      if (i == 50) picture = flipped;
      if (i == 150) voice = good_wav.substr(0, 900);
      if (i == 250) text = R"({"number": 1, "parity": "od", "question": "Is it?"})";
      if (i == 350) text = R"({"parity")";
      if (i == 450) text = R"({"number": 1, "question": "Is it?"})";
      const std::string key = concat("k", i);
      if (i != 550) members.emplace_back(key + ".png", picture);
      members.emplace_back(key + ".wav", voice);
      members.emplace_back(key + ".json", text);
    }
    test::write_tar(path, members);
  }

  Dataset open(const std::string& policy) {
    std::string section =
        test::numbers_section(R"({"train": [")" + path + R"("], "val": [")" + path + R"("]})",
                              policy.empty() ? "" : R"(, "on_bad_sample": )" + policy);
    // The tokenizer must not need the damaged JSON, or opening would meet it.
    return Dataset::open("d", section, folder.path("c"));
  }

  Folder folder;
  const std::string path = folder.path("t.tar");
};

TEST_F(BadSampleTest, ByDefaultTheFirstOneIsAnError) {
  const auto [exit, sentence] = error_of([&] {
    TrainingStream stream(open(""), 100, 1);
    for (int i = 0; i < 6; ++i) stream.next();
  });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_THAT(sentence, StartsWith(path + ", sample k"));
  EXPECT_THAT(sentence, EndsWith(" To set such samples aside, give data/d/on_bad_sample a share, "
                                 "such as {\"skip\": 0.01}; `weft data check` lists them all."));
}

TEST_F(BadSampleTest, TheyAreSetAsideAndTrainingGoesOnToTheEnd) {
  const Dataset dataset = open(R"({"skip": 0.01})");
  TrainingStream stream(dataset, 50, 1), other(dataset, 25, 1, {1, 2});
  std::multiset<std::string> keys;
  for (int step = 0; step < 12; ++step) {  // an epoch
    const Batch batch = stream.next();
    EXPECT_EQ(batch.size, 50) << "a stand-in fills the row";
    keys.insert(batch.keys.begin(), batch.keys.end());
    // What is set aside on one rank changes nothing on the other.
    EXPECT_EQ(other.next().keys,
              std::vector<std::string>(batch.keys.begin() + 25, batch.keys.end()));
  }
  std::set<std::string> bad;
  for (const BadSample& sample : dataset.set_aside()) {
    EXPECT_EQ(sample.shard, path);
    EXPECT_THAT(sample.reason, HasSubstr(sample.key));
    bad.insert(sample.key);
  }
  EXPECT_EQ(bad, (std::set<std::string>{"k50", "k150", "k250", "k350", "k450", "k550"}));
  for (int i = 0; i < k_count; ++i) {
    const std::string key = concat("k", i);
    if (bad.contains(key)) {
      EXPECT_EQ(keys.count(key), 0U);
    } else {
      EXPECT_GE(keys.count(key), 1U) << "no good sample is lost: " << key;
    }
  }
}

TEST_F(BadSampleTest, TheSameStandInsComeAgain) {
  const Dataset dataset = open(R"({"skip": 0.01})");
  TrainingStream stream(dataset, 50, 1), again(open(R"({"skip": 0.01})"), 50, 1);
  again.seek({200});
  for (int step = 0; step < 12; ++step) {
    const Batch batch = stream.next();
    if (step >= 4) {
      EXPECT_EQ(again.next().keys, batch.keys);
    }
  }
}

TEST_F(BadSampleTest, MoreThanTheShareEndsTheRun) {
  TrainingStream stream(open(R"({"skip": 0.005})"), 100, 1);
  const auto [exit, sentence] = error_of([&] {
    for (int i = 0; i < 6; ++i) stream.next();
  });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_THAT(
      sentence,
      StartsWith(
          "Data d: 4 of 600 samples of the part train cannot be used, more than the share of "
          "0.005 that on_bad_sample allows. The last one: " +
          path + ", sample k"));
}

TEST(QuarantineTest, EachPartHasAShareOfItsOwn) {
  Quarantine quarantine("d", 0.05);
  for (const char* key : {"1", "2", "3", "4"}) quarantine.add({"a", key, "r."}, Split::train, 100);
  quarantine.add({"b", "1", "r."}, Split::test, 20);
  const auto [exit, sentence] = error_of([&] {
    quarantine.add({"b", "2", "r."}, Split::test, 20);
  });
  EXPECT_THAT(sentence, StartsWith("Data d: 2 of 20 samples of the part test cannot be used"));
}

TEST(QuarantineTest, ASampleOfTwoPartsCountsInBothAndIsListedOnce) {
  Quarantine quarantine("d", 0.05);
  for (const Split part : {Split::train, Split::val}) quarantine.add({"a", "1", "r."}, part, 20);
  EXPECT_EQ(quarantine.list().size(), 1U);
  EXPECT_EQ(error_of([&] {
              quarantine.add({"a", "2", "r."}, Split::val, 20);
            }).first,
            Exit::bad_data);
}

TEST(QuarantineTest, ShardsOfTheSameNameInTwoFoldersAreTwo) {
  const Folder folder;
  for (const char* part : {"one", "two"}) {
    std::filesystem::create_directory(folder.path(part));
    test::write_tar(folder.path(part) + "/0.tar", {{"a.png", "x"}, {"b.png", "x"}});
  }
  const Dataset dataset =
      Dataset::open("d",
                    R"({"shards": {"train": [")" + folder.path("one/0.tar") + R"("], "val": [")" +
                        folder.path("two/0.tar") +
                        R"("]}, "fields": {"p": {"kind": "image", "size": [2, 2], "channels": 1}},
             "on_bad_sample": {"skip": 1}})",
                    "");
  for (const Split part : {Split::train, Split::val}) {
    EvaluationStream stream(dataset, part, 2, "");
    Batch batch;
    while (stream.next(batch)) continue;
  }
  std::set<std::string> places;
  for (const BadSample& bad : dataset.set_aside()) places.insert(bad.shard + " " + bad.key);
  const std::string one = folder.path("one/0.tar"), two = folder.path("two/0.tar");
  EXPECT_EQ(places, (std::set<std::string>{one + " a", one + " b", two + " a", two + " b"}));
}

TEST_F(BadSampleTest, EvaluationLeavesThemOut) {
  const Dataset dataset = open(R"({"skip": 0.01})");
  EvaluationStream stream(dataset, Split::val, 64, "/parity");
  std::vector<std::string> keys;
  Batch batch;
  while (stream.next(batch)) {
    EXPECT_EQ(static_cast<std::size_t>(batch.size), batch.keys.size());
    EXPECT_EQ(batch.groups.size(), batch.keys.size());
    for (const auto& [name, array] : batch.fields) EXPECT_EQ(array.sizes[0], batch.size);
    keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
  }
  EXPECT_EQ(keys.size(), static_cast<std::size_t>(k_count) - 6);
  EXPECT_EQ(keys[50], "k51");
  EXPECT_EQ(dataset.set_aside().size(), 6U);
}

TEST_F(BadSampleTest, ATarIsReadUpToItsDamage) {
  const std::string whole = test::read_file(path);
  test::write_file(path, whole.substr(0, whole.size() - 1500));  // inside k599.json
  EXPECT_EQ(error_of([&] { open(""); }).first, Exit::bad_data);
  const Dataset dataset = open(R"({"skip": 0.5})");
  EXPECT_EQ(dataset.size(Split::train), k_count - 1)
      << "k599 is there without its JSON, k350 is not";
  const std::vector<BadSample> bad = dataset.set_aside();
  ASSERT_EQ(bad.size(), 2U);
  EXPECT_THAT(bad[0].reason, HasSubstr("is cut off or damaged inside k599.json"));
  EXPECT_EQ(bad[0].key, "");
  EXPECT_EQ(bad[1].key, "k350");
}

}  // namespace
}  // namespace weft::host
