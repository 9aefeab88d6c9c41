// SPDX-License-Identifier: Apache-2.0
/// The shards of examples/digits as a recipe reads them.

#include <gmock/gmock.h>

#include <cmath>

#include "host/data/dataset/dataset.hpp"
#include "host/data/fields/feature_cache.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

std::string shard(const std::string& task, const std::string& part) {
  return "\"" WEFT_SOURCE_DIR "/examples/digits/digits-" + task + "-" + part + "-000.tar\"";
}

std::string shards(const std::string& task) {
  return R"({"train": [)" + shard(task, "train") + R"(], "val": [)" + shard(task, "val") +
         R"(], "test": [)" + shard(task, "test") + "]}";
}

const std::string k_media = R"(
  "picture": {"kind": "image", "member": "png", "size": [28, 28], "mean": 0.13, "std": 0.31,
              "swap_within": "/written"},
  "voice": {"kind": "log_mel", "member": "wav", "rate": 8000, "fft": 256, "window": 200, "hop": 80,
            "mels": 40, "frames": 100, "mean": -6, "std": 4, "swap_within": "/spoken"})";

TEST(Digits, QuestionsOverPictureAndVoice) {
  const test::Folder folder;
  const std::string section = R"({"shards": )" + shards("qa") + R"(, "explode": "/questions",
    "tokenizer": {"type": "unigram", "vocab_size": 400, "from": ["/question", "/rationale"]},
    "fields": {)" + k_media + R"(,
      "question": {"kind": "text", "pointer": "/question", "max_length": 40, "eos": true},
      "rationale": {"kind": "text", "pointer": "/rationale", "max_length": 64,
                    "bos": true, "eos": true}}})";
  const Dataset dataset = Dataset::open("qa", section, folder.path("c"));
  EXPECT_EQ(dataset.size(Split::train), 1296 * 7);
  EXPECT_EQ(dataset.size(Split::val), 161 * 7);
  EXPECT_EQ(dataset.size(Split::test), 179 * 7);

  EvaluationStream stream(dataset, Split::val, 64, "/op");
  Batch batch;
  std::int64_t example = 0;
  while (stream.next(batch)) {
    for (std::size_t i = 0; i < batch.groups.size(); ++i, ++example) {
      EXPECT_EQ(batch.groups[i], dataset.value(Split::val, example, "/op"));
      const std::span ids(batch.fields.at("rationale").data<std::int64_t>() + 64 * i, 64);
      EXPECT_EQ(dataset.decode_text("rationale", ids),
                dataset.value(Split::val, example, "/rationale"));
    }
  }
  EXPECT_EQ(example, 161 * 7);
  EXPECT_EQ(dataset.truncated().at("question").cut, 0);
}

TEST(Digits, CluesWithClassMember) {
  const test::Folder folder;
  const std::string section = R"({"shards": )" + shards("av") + R"(,
    "tokenizer": {"type": "word", "vocab_size": 200, "from": ["txt"]},
    "fields": {)" + k_media + R"(,
      "clue": {"kind": "text", "member": "txt", "max_length": 12},
      "digit": {"kind": "class", "member": "cls", "classes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}})";
  const Dataset dataset = Dataset::open("av", section, folder.path("c"));
  EXPECT_EQ(dataset.size(Split::train), 848);
  EvaluationStream stream(dataset, Split::test, 93, "/written");
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  double sum = 0, squares = 0;
  const Array& voice = batch.fields.at("voice");
  for (std::size_t i = 0; i < 93; ++i) {
    const std::span label(batch.fields.at("digit").data<std::int64_t>() + i, 1);
    EXPECT_EQ(dataset.decode_text("digit", label), batch.groups[i]);
  }
  for (std::int64_t i = 0; i < voice.count(); ++i) {
    const auto value = static_cast<double>(voice.data<float>()[i]);
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(voice.count());
  EXPECT_LT(std::abs(sum / count), 2);
  EXPECT_LT(squares / count, 4);
}

}  // namespace
}  // namespace weft::host
