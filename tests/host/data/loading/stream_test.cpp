// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstring>
#include <set>

#include "host/base/text.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::write_numbers;
using testing::ElementsAre;

constexpr int k_size = 11;

class StreamTest : public testing::Test {
 protected:
  StreamTest() { write_numbers(folder.path("train.tar"), k_size); }

  Dataset open(const std::string& more = "") {
    const std::string shards = R"({"train": [")" + folder.path("train.tar") + R"("]})";
    std::string section = test::numbers_section(shards, more);
    if (is_augmented) {
      section.replace(section.find(R"("size": [4, 4])"), 14,
                      R"("size": [4, 4], "translate": 2, "rotate": 20, "zoom": 0.3)");
      section.replace(
          section.find(R"("frames": 12)"), 12,
          R"("frames": 12, "time_shift": 3, "time_mask": 4, "mel_mask": 3, "noise": 0.1)");
    }
    return Dataset::open("d", section, folder.path("c"));
  }

  bool is_augmented = false;
  Folder folder;
};

bool equal(const Batch& a, const Batch& b) {
  if (a.size != b.size || a.keys != b.keys || a.fields.size() != b.fields.size()) return false;
  for (const auto& [name, array] : a.fields) {
    const Array& other = b.fields.at(name);
    if (array.sizes != other.sizes || array.dtype != other.dtype) return false;
    if (std::memcmp(array.bytes.get(), other.bytes.get(), array.byte_count()) != 0) return false;
  }
  return true;
}

TEST_F(StreamTest, EveryEpochHoldsEveryExampleOnceInAnOrderOfItsOwn) {
  TrainingStream stream(open(), 4, 7);
  std::vector<std::string> keys;
  for (int i = 0; i < k_size; ++i) {  // 44 examples: 4 epochs
    const Batch batch = stream.next();
    ASSERT_EQ(batch.size, 4);
    keys.insert(keys.end(), batch.keys.begin(), batch.keys.end());
  }
  std::set<std::vector<std::string>> orders;
  for (auto epoch = keys.begin(); epoch != keys.end(); epoch += k_size) {
    EXPECT_EQ(std::set<std::string>(epoch, epoch + k_size).size(),
              static_cast<std::size_t>(k_size));
    orders.insert({epoch, epoch + k_size});
  }
  EXPECT_EQ(orders.size(), 4U);
  EXPECT_EQ(stream.position(), (Position{4 * k_size}));
}

TEST_F(StreamTest, PixelsChangeInTrainingOnlyAndEachTimeAnew) {
  const std::string tar = folder.path("train.tar");
  const auto open_with = [&](const std::string& more) {
    return Dataset::open(
        "d",
        concat(
            R"({"shards": {"train": [")", tar, R"("], "val": [")", tar,
            R"("]}, "order": "sequence", "fields": {"picture": {"kind": "image", "size": [4, 4])",
            more, "}}}"),
        folder.path("c"));
  };
  const auto values = [](const Batch& batch) {
    const Array& array = batch.fields.at("picture");
    return std::vector<float>(array.data<float>(), array.data<float>() + array.count());
  };
  const Dataset data = open_with(R"(, "brightness": 1)");
  TrainingStream first(data, k_size, 7), again(data, k_size, 7), plain(open_with(""), k_size, 7);
  const std::vector<float> one = values(first.next()), two = values(first.next());
  EXPECT_EQ(values(again.next()), one);
  EXPECT_NE(one, two);
  EvaluationStream evaluation(data, Split::val, k_size);
  Batch batch;
  ASSERT_TRUE(evaluation.next(batch));
  EXPECT_EQ(values(batch), values(plain.next()));
  EXPECT_NE(values(batch), one);
}

TEST_F(StreamTest, SequenceKeepsTheOrderOfTheFile) {
  TrainingStream stream(open(R"(, "order": "sequence")"), 3, 7);
  for (int i = 0; i < 3; ++i) stream.next();
  EXPECT_EQ(stream.position(), (Position{9}));
  EXPECT_THAT(stream.next().keys, ElementsAre("a9", "a10", "a0"));
  EXPECT_EQ(stream.position(), (Position{12}));
}

TEST_F(StreamTest, TheSeedDecidesEverything) {
  is_augmented = true;
  const Dataset dataset = open();
  TrainingStream a(dataset, 5, 1), b(open(), 5, 1), c(dataset, 5, 2);
  bool differs = false;
  for (int i = 0; i < 12; ++i) {
    const Batch batch = a.next();
    EXPECT_TRUE(equal(batch, b.next())) << i;
    differs = differs || !equal(batch, c.next());
  }
  EXPECT_TRUE(differs);
}

TEST_F(StreamTest, AfterSeekTheStreamIsBitIdentical) {
  is_augmented = true;
  const Dataset dataset = open();
  TrainingStream stream(dataset, 4, 3);
  std::vector<Position> positions;
  std::vector<Batch> batches;
  for (int i = 0; i < 9; ++i) {
    positions.push_back(stream.position());
    batches.push_back(stream.next());
  }
  for (std::size_t i = positions.size(); i-- > 0;) {
    stream.seek(positions[i]);
    EXPECT_EQ(stream.position(), positions[i]);
    for (std::size_t j = i; j < batches.size(); ++j) {
      EXPECT_TRUE(equal(stream.next(), batches[j])) << i << ", " << j;
    }
    TrainingStream fresh(dataset, 4, 3);
    fresh.seek(positions[i]);
    EXPECT_TRUE(equal(fresh.next(), batches[i]));
  }
}

TEST_F(StreamTest, ABatchMayBeLargerThanAnEpoch) {
  TrainingStream stream(open(), 3 * k_size + 2, 1);
  EXPECT_EQ(stream.next().size, 3 * k_size + 2);
  EXPECT_EQ(stream.position(), (Position{3 * k_size + 2}));
}

TEST_F(StreamTest, APlaceThatDoesNotExistIsRefused) {
  TrainingStream stream(open(), 4, 1);
  const auto [exit, sentence] = error_of([&] { stream.seek({-1}); });
  EXPECT_EQ(exit, Exit::bad_checkpoint);
  EXPECT_EQ(sentence,
            "The checkpoint stands at example -1 of data d. Resume from another checkpoint.");
  EXPECT_EQ(stream.next().size, 4) << "and the stream goes on";
}

TEST_F(StreamTest, StreamsMayEndAtAnyTime) {
  const Dataset dataset = open();
  for (int i = 0; i < 50; ++i) {
    TrainingStream stream(dataset, 4, 1);
    if (i % 2 == 0) stream.next();
    const TrainingStream moved = std::move(stream);
  }
}

TEST_F(StreamTest, AugmentationIsForTrainingAlone) {
  is_augmented = true;
  const Dataset augmented = open();
  is_augmented = false;
  const Dataset plain = open();
  Batch a, b;
  EvaluationStream(augmented, Split::train, 100).next(a);
  EvaluationStream(plain, Split::train, 100).next(b);
  EXPECT_TRUE(equal(a, b));
  TrainingStream trained(augmented, k_size, 1), untouched(plain, k_size, 1);
  a = trained.next();
  b = untouched.next();
  EXPECT_EQ(a.keys, b.keys);
  for (const char* field : {"picture", "voice"}) {
    const Array &x = a.fields.at(field), &y = b.fields.at(field);
    EXPECT_NE(std::memcmp(x.bytes.get(), y.bytes.get(), x.byte_count()), 0) << field;
  }
}

class ExchangeTest : public testing::Test {
 protected:
  /// Fields: the picture (brightness 5 per number, exchanged over /written), the number itself.
  ExchangeTest() {
    write_numbers(folder.path("train.tar"), k_size);
    const std::string path = folder.path("train.tar");
    const std::string section = R"({"shards": {"train": [")" + path + R"("], "val": [")" + path +
                                R"("]}, "fields": {
      "own": {"kind": "image", "size": [4, 4]},
      "picture": {"kind": "image", "size": [4, 4],
                  "swap_within": {"key": "/written", "other_key": "/spoken"}}}})";
    dataset = std::make_unique<Dataset>(Dataset::open("d", section, folder.path("c")));
  }

  /// Which sample each row's picture shows.
  static std::vector<int> shown(const Batch& batch, const char* field) {
    std::vector<int> numbers;
    for (std::int64_t i = 0; i < batch.size; ++i) {
      const float pixel = batch.fields.at(field).data<float>()[16 * i];
      numbers.push_back(static_cast<int>(std::lround(pixel * 51)));
    }
    return numbers;
  }

  Folder folder;
  std::unique_ptr<Dataset> dataset;
};

TEST_F(ExchangeTest, TakesAnotherSampleOfTheSameLabel) {
  TrainingStream stream(*dataset, k_size, 5);
  std::set<std::pair<int, int>> seen;
  for (int i = 0; i < 40; ++i) {
    const Batch batch = stream.next();
    const std::vector<int> own = shown(batch, "own"), taken = shown(batch, "picture");
    for (std::size_t row = 0; row < own.size(); ++row) {
      EXPECT_EQ(concat("a", own[row]), batch.keys[row]);
      EXPECT_EQ(own[row] % 3, taken[row] % 3) << "the label stays";
      seen.insert({own[row], taken[row]});
    }
  }
  // Labels 0, 1 and 2 have 4, 4 and 3 samples: each may meet each of its label.
  EXPECT_EQ(seen.size(), 4U * 4 + 4 * 4 + 3 * 3);
}

TEST_F(ExchangeTest, IsForTrainingAlone) {
  for (const Split split : {Split::train, Split::val}) {
    EvaluationStream stream(*dataset, split, 100);
    Batch batch;
    ASSERT_TRUE(stream.next(batch));
    EXPECT_EQ(shown(batch, "picture"), shown(batch, "own"));
  }
}

TEST_F(ExchangeTest, EvaluationGivesEveryExampleInOrderAndASmallerLastBatch) {
  EvaluationStream stream(*dataset, Split::val, 4, "/number");
  Batch batch;
  std::vector<std::string> groups;
  std::vector<std::int64_t> sizes;
  while (stream.next(batch)) {
    sizes.push_back(batch.size);
    groups.insert(groups.end(), batch.groups.begin(), batch.groups.end());
  }
  EXPECT_THAT(sizes, ElementsAre(4, 4, 3));
  EXPECT_THAT(groups, ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"));
  EXPECT_FALSE(stream.next(batch));
}

}  // namespace
}  // namespace weft::host
