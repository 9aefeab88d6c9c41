// SPDX-License-Identifier: Apache-2.0
/// Parts that are held out of shards/train.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::HasSubstr;

constexpr int k_speakers = 100, k_each = 4;

/// Four samples of each of a hundred speakers; `shards` files of them.
class Speakers {
 public:
  explicit Speakers(int shards = 1) {
    for (int s = 0; s < shards; ++s) {
      std::string lines;
      for (int i = s; i < k_speakers * k_each; i += shards) {
        lines += R"({"speaker": "s)" + std::to_string(i / k_each) + R"(", "id": )" +
                 std::to_string(i) + "}\n";
      }
      test::write_file(folder_.path(std::to_string(s) + ".jsonl"), lines);
      shards_ += (s > 0 ? R"(", ")" : "") + folder_.path(std::to_string(s) + ".jsonl");
    }
  }

  Dataset open(const std::string& split, const std::string& more = "") const {
    return Dataset::open("d",
                         R"({"shards": {"train": [")" + shards_ + R"("]}, "split": )" + split +
                             more + R"(, "fields": {"id": {"kind": "number", "pointer": "/id"}}})",
                         folder_.path("c"));
  }

  /// The samples of a part.
  static std::set<int> ids(const Dataset& dataset, Split split) {
    std::set<int> ids;
    if (dataset.size(split) == 0) return ids;
    EvaluationStream stream(dataset, split, 64);
    for (Batch batch; stream.next(batch);) {
      const float* const values = batch.fields.at("id").data<float>();
      for (std::int64_t i = 0; i < batch.size; ++i) ids.insert(static_cast<int>(values[i]));
    }
    return ids;
  }

 private:
  test::Folder folder_;
  std::string shards_;
};

TEST(Split, EachSampleIsInOnePart) {
  const Speakers speakers;
  const Dataset dataset = speakers.open(R"({"val": 0.25, "test": 0.25})");
  std::size_t sum = 0;
  std::set<int> all;
  for (const Split split : k_splits) {
    const std::set<int> ids = Speakers::ids(dataset, split);
    EXPECT_EQ(std::ssize(ids), dataset.size(split));
    // 400 draws: five standard deviations around the share.
    EXPECT_NEAR(static_cast<double>(ids.size()) / 400, split == Split::train ? 0.5 : 0.25, 0.125);
    sum += ids.size();
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(sum, 400U);
  EXPECT_EQ(all.size(), 400U);
}

TEST(Split, NoGroupIsInTwoParts) {
  const Speakers speakers;
  const Dataset dataset = speakers.open(R"({"val": 0.3, "by": "/speaker"})");
  std::map<int, std::set<Split>> parts;
  for (const Split split : {Split::train, Split::val}) {
    EXPECT_GT(dataset.size(split), 0);
    for (const int id : Speakers::ids(dataset, split)) parts[id / k_each].insert(split);
  }
  EXPECT_EQ(parts.size(), std::size_t{k_speakers});
  for (const auto& [speaker, in] : parts) EXPECT_EQ(in.size(), 1U) << speaker;
  EXPECT_EQ(dataset.size(Split::test), 0);
}

TEST(Split, FollowsFromSeedAndGroupAlone) {
  const Speakers one, three(3);
  const std::string split = R"({"val": 0.3, "by": "/speaker"})";
  const std::set<int> held_out = Speakers::ids(one.open(split), Split::val);
  EXPECT_EQ(Speakers::ids(three.open(split), Split::val), held_out);
  EXPECT_NE(Speakers::ids(one.open(R"({"val": 0.3, "by": "/speaker", "seed": 1})"), Split::val),
            held_out);
}

TEST(Split, RefusesWhatItCannotDivide) {
  const Speakers speakers;
  const auto refusal = [&](const std::string& split, const std::string& more = "") {
    return error_of([&] { speakers.open(split, more); }).second;
  };
  EXPECT_EQ(refusal("{}"), "data/split/val: expected a share above 0 in val or test, found null.");
  EXPECT_EQ(refusal(R"({"val": 0.5, "test": 0.5})"),
            "data/split/val: expected val and test to be below 1 together, found 0.5.");
  EXPECT_EQ(refusal(R"({"val": 0.5, "by": "speaker"})"),
            "data/split/by: expected a JSON pointer such as /question, found \"speaker\".");
  EXPECT_EQ(refusal(R"({"val": 0.5})", R"(, "stream": true, "order": "sequence")"),
            "data/split: expected shards/val instead, because shards/train is a stream, found "
            "{\"val\":0.5}.");
  EXPECT_THAT(refusal(R"({"val": 0.5, "by": "/nobody"})"),
              HasSubstr("there is no value at /nobody, which split needs"));
}

TEST(Split, RefusesShardsBesideIt) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"), "{\"id\": 1}\n");
  const std::string list = R"([")" + folder.path("a.jsonl") + R"("])";
  EXPECT_EQ(
      error_of([&] {
        Dataset::open(
            "d",
            R"({"shards": {"train": )" + list + R"(, "val": )" + list +
                R"(}, "split": {"val": 0.1}, "fields": {"id": {"kind": "number", "pointer": "/id"}}})",
            folder.path("c"));
      }).second,
      "data/split/val: expected no shards/val beside it, found 0.1.");
}

}  // namespace
}  // namespace weft::host
