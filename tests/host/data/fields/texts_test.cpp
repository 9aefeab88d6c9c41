// SPDX-License-Identifier: Apache-2.0
/// Fields of the kind `texts`.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* k_texts =
    R"("t": {"kind": "texts", "pointer": "/texts", "max_texts": 3, "max_bytes": 4)";

class Sample {
 public:
  explicit Sample(const std::string& json) {
    test::write_tar(folder_.path("a.tar"), {{"k.json", json}});
  }

  Batch row(const std::string& fields) const {
    const std::string shards = R"([")" + folder_.path("a.tar") + R"("])";
    const Dataset data = Dataset::open("d",
                                       R"({"shards": {"train": )" + shards + R"(, "val": )" +
                                           shards + R"(}, "fields": {)" + fields + "}}",
                                       folder_.path("c"));
    EvaluationStream stream(data, Split::val, 1);
    Batch batch;
    EXPECT_TRUE(stream.next(batch));
    return batch;
  }

 private:
  test::Folder folder_;
};

/// The texts of a row as their mask says.
std::vector<std::string> texts(const Batch& batch) {
  const Array &bytes = batch.fields.at("t"), &mask = batch.fields.at("t_mask");
  EXPECT_THAT(bytes.sizes, ElementsAre(1, 3, 4));
  EXPECT_EQ(bytes.dtype, DType::uint8);
  std::vector<std::string> found(3);
  for (std::int64_t i = 0; i < bytes.count(); ++i) {
    const std::uint8_t byte = bytes.data<std::uint8_t>()[i];
    if (mask.data<bool>()[i])
      found[static_cast<std::size_t>(i / 4)] += static_cast<char>(byte);
    else
      EXPECT_EQ(byte, 0);
  }
  return found;
}

std::string refusal(const std::string& json, const std::string& fields) {
  const Sample sample(json);
  return error_of([&] { sample.row(fields); }).second;
}

TEST(TextsField, HoldsWhatTheSampleSays) {
  const std::string field = std::string(k_texts) + "}";
  EXPECT_THAT(texts(Sample(R"({"texts": ["abc", "ö"]})").row(field)), ElementsAre("abc", "ö", ""));
  EXPECT_THAT(texts(Sample(R"({"texts": []})").row(field)), ElementsAre("", "", ""));
  EXPECT_THAT(texts(Sample(R"({"texts": ["a", "b", "c", "d"]})").row(field)),
              ElementsAre("a", "b", "c"));
}

TEST(TextsField, CutsBetweenCharacters) {
  EXPECT_THAT(
      texts(Sample(R"({"texts": ["abcdef", "abcö", "aböö"]})").row(std::string(k_texts) + "}")),
      ElementsAre("abcd", "abc", "abö"));
}

TEST(TextsField, TakesTextsOfObjects) {
  EXPECT_THAT(texts(Sample(R"({"texts": [{"answer": "yes", "by": 1}, {"answer": "no"}]})")
                        .row(std::string(k_texts) + R"(, "text_key": "answer"})")),
              ElementsAre("yes", "no", ""));
}

TEST(TextsField, MayBeLacking) {
  const Batch batch = Sample("{}").row(std::string(k_texts) + R"(, "optional": true})");
  EXPECT_THAT(texts(batch), ElementsAre("", "", ""));
  EXPECT_FALSE(batch.fields.at("t_present").data<bool>()[0]);
}

TEST(TextsField, RefusesWhatIsNoText) {
  const std::string field = std::string(k_texts) + "}";
  EXPECT_THAT(
      refusal(R"({"texts": "abc"})", field),
      HasSubstr(
          R"(sample k: /texts: "abc" is no list of texts such as ["a cat", "a black cat"]. Correct the sample.)"));
  EXPECT_THAT(
      refusal(R"({"texts": ["a", 7]})", field),
      HasSubstr(
          R"(/texts: text 1 is "7", no text; text_key says where an object has one. Correct the sample.)"));
  EXPECT_THAT(
      refusal(R"({"texts": [{"b": "a"}]})", std::string(k_texts) + R"(, "text_key": "answer"})"),
      HasSubstr(R"(no text and no object with "answer".)"));
  EXPECT_EQ(
      refusal("{}", R"("t": {"kind": "texts", "max_texts": 3, "max_bytes": 4})"),
      "data field t/pointer: expected where the list of texts stands, or \"member\", found null.");
}

}  // namespace
}  // namespace weft::host
