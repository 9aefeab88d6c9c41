// SPDX-License-Identifier: Apache-2.0
/// Parts that are read from front to back: tars, commands, standard input.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "host/base/text.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int k_shards = 4, k_each = 6;
constexpr std::ptrdiff_t k_all = std::ptrdiff_t{k_shards} * k_each;

class StreamedTest : public testing::Test {
 protected:
  StreamedTest() {
    for (int shard = 0; shard < k_shards; ++shard) {
      test::Members members;
      for (int i = 0; i < k_each; ++i) {
        const std::string key = concat("s", shard, "-", i);
        members.emplace_back(key + ".cls", i % 2 == 0 ? "even" : "odd");
        members.emplace_back(key + ".json", concat(R"({"number": )", i, "}"));
      }
      test::write_tar(path(shard), members);
      test::write_gzip(path(shard) + ".gz", test::read_file(path(shard)));
    }
  }

  std::string path(int shard) const { return folder.path(concat("s", shard, ".tar")); }
  std::string files() const { return folder.path("s{0..3}.tar.gz"); }
  std::string command() const { return "pipe:cat " + folder.path("s{0..3}.tar") + " | cat"; }

  static std::string section(const std::string& entry, const std::string& more = "") {
    return R"({"stream": true, "shards": {"train": [")" + entry + R"("], "val": [")" + entry +
           R"("]}, "fields": {"c": {"kind": "class", "classes": ["even", "odd"]}})" +
           (more.empty() ? R"(, "order": {"buffer": 5})" : more) + "}";
  }

  Dataset open(const std::string& entry, const std::string& more = "") const {
    return Dataset::open("d", section(entry, more), folder.path("c"), nullptr, "", Commands::run);
  }

  static std::vector<std::string> keys(TrainingStream& stream, int batches) {
    std::vector<std::string> keys;
    for (int i = 0; i < batches; ++i) {
      const Batch batch = stream.next();
      keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
    }
    return keys;
  }

  Folder folder;
};

TEST_F(StreamedTest, FoldersAndTablesAreNone) {
  std::filesystem::create_directories(folder.path("pets/cat"));
  test::write_file(folder.path("t.csv"), "a\n1\n");
  for (const char* name : {"pets", "t.csv"}) {
    const auto [exit, sentence] = test::error_of([&] { open(folder.path(name)); });
    EXPECT_EQ(exit, Exit::bad_recipe);
    EXPECT_THAT(sentence, testing::StartsWith(folder.path(name) + " is read as a whole, and"));
  }
}

TEST_F(StreamedTest, FilesAndCommandsGiveEverySampleOnceAnEpochInShuffledRuns) {
  std::vector<std::vector<std::string>> all;
  for (const std::string& entry : {files(), command()}) {
    TrainingStream stream(open(entry), 8, 3);
    all.push_back(keys(stream, 9));  // three epochs
    std::set<std::string> orders;
    for (int epoch = 0; epoch < 3; ++epoch) {
      const auto begin = all.back().begin() + epoch * k_all;
      EXPECT_EQ(std::set<std::string>(begin, begin + k_all).size(),
                static_cast<std::size_t>(k_all));
      std::string shards;
      for (auto key = begin; key != begin + k_all; ++key) shards += (*key)[1];
      orders.insert(shards);
    }
    EXPECT_EQ(orders.size(), 3U);
    EXPECT_EQ(stream.position().taken, 3 * k_all);
  }
  EXPECT_EQ(all[0], all[1]);
}

TEST_F(StreamedTest, SequenceAndEvaluationFollowTheShards) {
  std::vector<std::string> expected;
  for (int i = 0; i < k_all; ++i) expected.push_back(concat("s", i / k_each, "-", i % k_each));
  const Dataset dataset = open(command(), R"(, "order": "sequence")");
  EXPECT_EQ(dataset.size(Split::train), 0) << "not known";
  TrainingStream stream(dataset, k_all, 3);
  EXPECT_EQ(keys(stream, 1), expected);
  EvaluationStream evaluation(dataset, Split::val, 10, "/number");
  std::vector<std::string> found, groups;
  Batch batch;
  while (evaluation.next(batch)) {
    found.insert(found.end(), batch.keys.begin(), batch.keys.end());
    groups.insert(groups.end(), batch.groups.begin(), batch.groups.end());
    EXPECT_EQ(batch.fields.at("c").data<std::int64_t>()[0], (batch.groups[0][0] - '0') % 2);
  }
  EXPECT_EQ(found, expected);
  EXPECT_THAT(std::vector(groups.begin(), groups.begin() + 7),
              ElementsAre("0", "1", "2", "3", "4", "5", "0"));
}

TEST_F(StreamedTest, TheTrainingPartIsEvaluatedOnce) {
  const std::string runs = folder.path("runs");
  for (const std::string& entry : {files(), "pipe:echo >>" + runs + "; cat " + path(0)}) {
    EvaluationStream stream(open(entry), Split::train, 5);
    std::vector<std::string> found;
    for (Batch batch; stream.next(batch);) {
      found.insert(found.end(), batch.keys.begin(), batch.keys.end());
    }
    EXPECT_EQ(std::ssize(found), entry == files() ? k_all : k_each);
    EXPECT_TRUE(std::ranges::is_sorted(found)) << "in file order";
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), found.size());
  }
  EXPECT_EQ(test::read_file(runs), "\n") << "the command is run once";
}

TEST_F(StreamedTest, EachAndWhereActOnTheWay) {
  test::write_tar(path(0), {{"a.json", R"({"list": [{"n": 1}, {"n": 2}, {"n": 3}]})"},
                            {"b.json", R"({"list": []})"},
                            {"c.json", R"({"list": [{"n": 3}, {"n": 1}]})"}});
  const Dataset dataset = Dataset::open(
      "d",
      R"({"stream": true, "order": "sequence", "explode": "/list", "filter": {"/n": [1, 3]},
          "shards": {"train": [")" +
          path(0) +
          R"("]}, "fields": {"n": {"kind": "class", "pointer": "/n", "classes": [1, 3]}}})",
      folder.path("c"));
  TrainingStream stream(dataset, 4, 1);
  EXPECT_THAT(keys(stream, 1), ElementsAre("a#0", "a#2", "c#0", "c#1"));
}

TEST_F(StreamedTest, ItGoesOnFromEveryPlaceOnAnyNumberOfRanks) {
  for (const char* order : {"", R"(, "order": "sequence")"}) {
    const Dataset dataset = open(files(), order);
    TrainingStream stream(dataset, 4, 3);
    std::vector<Position> positions;
    std::vector<std::vector<std::string>> batches;
    for (int i = 0; i < 14; ++i) {
      positions.push_back(stream.position());
      batches.push_back(keys(stream, 1));
    }
    for (std::size_t i = 0; i < positions.size(); ++i) {
      EXPECT_EQ(position_of(numbers_of(positions[i])), positions[i]);
      TrainingStream one(dataset, 2, 3, {0, 2}, positions[i]), two(dataset, 2, 3, {1, 2});
      two.seek(positions[i]);
      for (std::size_t j = i; j < std::min(positions.size(), i + 4); ++j) {
        std::vector<std::string> both = keys(one, 1);
        for (const std::string& key : keys(two, 1)) both.push_back(key);
        EXPECT_EQ(both, batches[j]) << i << ", " << j;
      }
    }
  }
}

TEST_F(StreamedTest, StandardInputIsReadOnce) {
  // In a process of its own, whose standard input is the first shard.
  const std::string out = folder.path("out");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(path(0).c_str(), O_RDONLY), STDIN_FILENO);
    std::ofstream file(out);
    const auto [exit, sentence] = error_of([&] {
      const Dataset dataset = open("-", R"(, "order": "sequence")");
      TrainingStream stream(dataset, 2, 1, {}, {2, 0, 0, 0, 2});  // as if two were taken before
      for (int i = 0; i < 2; ++i) {
        for (const std::string& key : keys(stream, 1)) file << key << ' ';
      }
      file << error_of([&] { stream.seek({0}); }).second << ' ';
      TrainingStream(dataset, 2, 1).next();
    });
    file << sentence << std::endl;
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(test::read_file(out),
            "s0-2 s0-3 s0-4 s0-5 Data d: standard input cannot be read again. Begin a new process "
            "for every run. The shard on standard input is empty. Copy it again from its "
            "source, or make it anew.\n");
}

TEST_F(StreamedTest, ACommandThatFailsIsNamedWithItsStatus) {
  const std::string failing = "pipe:head -c 3000 " + path(0) + "; exit 7";
  TrainingStream stream(open(failing), 2, 1);
  EXPECT_EQ(
      error_of([&] { stream.next(); }),
      std::pair(Exit::io, "The shard that `" + failing.substr(5) +
                              "` writes is not to be trusted: the command ended with status 7 "
                              "after 3000 bytes. Correct the command, or try again."));
}

TEST_F(StreamedTest, ACutStreamIsAnErrorOrSetAside) {
  const std::string entry = "pipe:head -c 4700 " + path(0);
  {
    TrainingStream stream(open(entry), 2, 1);
    const auto [exit, sentence] = error_of([&] { stream.next(); });
    EXPECT_EQ(exit, Exit::bad_data);
    EXPECT_THAT(sentence, StartsWith("The shard that `head -c 4700 "));
    EXPECT_THAT(sentence, HasSubstr("` writes is cut off"));
  }
  const Dataset dataset =
      open(entry, R"(, "order": {"buffer": 5}, "on_bad_sample": {"skip": 0.01})");
  TrainingStream stream(dataset, 2, 1);
  EXPECT_THAT(keys(stream, 1), testing::UnorderedElementsAre("s0-0", "s0-1"));
  ASSERT_EQ(dataset.set_aside().size(), 1U) << "once, not once an epoch";
  EXPECT_THAT(dataset.set_aside()[0].shard, StartsWith("pipe:head"));
}

TEST_F(StreamedTest, ASilentCommandDoesNotHoldUpTheEnd) {
  const Dataset dataset = open("pipe:cat " + path(0) + "; sleep 1000");
  TrainingStream stream(dataset, 2, 1);
  stream.next();  // and the threads wait for more when the stream ends
}

TEST_F(StreamedTest, WhatNeedsAllSamplesIsRefused) {
  const auto complaint = [&](const std::string& text) {
    const auto [exit, sentence] = error_of([&] { parse_data_options(text); });
    EXPECT_EQ(exit, Exit::bad_recipe);
    return sentence;
  };
  EXPECT_EQ(complaint(section("-", R"(, "order": "shuffle")")),
            "data/order: expected sequence or {\"buffer\": examples}, because shards/train is a "
            "stream, found \"shuffle\".");
  std::string exchanged = section("-");
  exchanged.replace(exchanged.find(R"({"kind": "class", "classes": ["even", "odd"]})"), 45,
                    R"({"kind": "image", "size": [1, 1], "swap_within": "/a"})");
  EXPECT_EQ(
      complaint(exchanged),
      "data field c/swap_within: it needs all samples, and shards/train is a stream. Leave one of "
      "the two out.");
}

}  // namespace
}  // namespace weft::host
