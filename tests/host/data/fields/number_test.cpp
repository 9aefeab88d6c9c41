// SPDX-License-Identifier: Apache-2.0
/// Fields of the kind `number`.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

/// Of the lines of JSON, all rows of the field `n`.
Batch read(const std::string& lines, const std::string& field) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"), lines);
  const Dataset dataset = Dataset::open("d",
                                        R"({"shards": {"val": [")" + folder.path("a.jsonl") +
                                            R"("]}, "fields": {"n": )" + field + "}}",
                                        folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 8);
  Batch batch;
  EXPECT_TRUE(stream.next(batch));
  return batch;
}

std::vector<float> floats(const Batch& batch, const std::string& name) {
  const Array& array = batch.fields.at(name);
  return {array.data<float>(), array.data<float>() + array.count()};
}

std::string refusal(const std::string& lines, const std::string& field) {
  return error_of([&] { read(lines, field); }).second;
}

constexpr const char* k_one = R"({"kind": "number", "pointer": "/v"})";
constexpr const char* k_three = R"({"kind": "number", "pointer": "/v", "size": 3})";

TEST(Number, IsNormalised) {
  const Batch batch = read("{\"v\": 7}\n{\"v\": \" -1.5e1 \"}\n",
                           R"({"kind": "number", "pointer": "/v", "mean": 5, "std": 4})");
  EXPECT_EQ(batch.fields.at("n").dtype, DType::float32);
  EXPECT_THAT(batch.fields.at("n").sizes, ElementsAre(2));
  EXPECT_THAT(floats(batch, "n"), ElementsAre(0.5F, -5.0F));
}

TEST(Number, OfAListHasItsOwnMeanAndDeviation) {
  const Batch batch = read(
      "{\"v\": [1, 2, 3]}\n",
      R"({"kind": "number", "pointer": "/v", "size": 3, "mean": [1, 0, -1], "std": [1, 2, 4]})");
  EXPECT_THAT(batch.fields.at("n").sizes, ElementsAre(1, 3));
  EXPECT_THAT(floats(batch, "n"), ElementsAre(0.0F, 1.0F, 1.0F));
}

TEST(Number, OfSeveralPlacesIsAList) {
  const std::string field =
      R"({"kind": "number", "pointer": ["/b", "/a"], "mean": [1, 0], "std": [2, 1]})";
  const Batch batch = read("{\"a\": \" 007\", \"b\": 5}\n", field);
  EXPECT_THAT(batch.fields.at("n").sizes, ElementsAre(1, 2));
  EXPECT_THAT(floats(batch, "n"), ElementsAre(2.0F, 7.0F));
  EXPECT_THAT(refusal("{\"a\": \"1,5\", \"b\": 5}\n", field),
              HasSubstr("sample 1: /a: \"1,5\" is not a number such as 1.5."));
  EXPECT_THAT(refusal("{\"b\": 5}\n", field), HasSubstr("there is no value at /a, which field n"));
}

TEST(Number, OfSeveralPlacesMayBeMissing) {
  const Batch batch = read("{\"a\": 1, \"b\": 2}\n{\"a\": 3}\n",
                           R"({"kind": "number", "pointer": ["/a", "/b"], "optional": true})");
  EXPECT_THAT(floats(batch, "n"), ElementsAre(1.0F, 2.0F, 0.0F, 0.0F));
  EXPECT_THAT(test::flags(batch, "n_present", 1), ElementsAre(false));
}

TEST(Number, MayBeMissingWhereItIsOptional) {
  const Batch batch =
      read("{\"v\": 3}\n{}\n", R"({"kind": "number", "pointer": "/v", "optional": true})");
  EXPECT_THAT(floats(batch, "n"), ElementsAre(3.0F, 0.0F));
  EXPECT_THAT(test::flags(batch, "n_present", 0), ElementsAre(true));
  EXPECT_THAT(test::flags(batch, "n_present", 1), ElementsAre(false));
}

TEST(Number, RefusesWhatIsNone) {
  EXPECT_THAT(
      refusal("{\"v\": \"warm\"}\n", k_one),
      HasSubstr("sample 1: /v: \"warm\" is not a number such as 1.5. Correct the sample, or "
                "leave it out with filter or on_bad_sample."));
  EXPECT_THAT(refusal("{\"v\": \"nan\"}\n", k_one), HasSubstr("is not a number"));
  EXPECT_THAT(refusal("{\"v\": \"inf\"}\n", k_one), HasSubstr("is not a number"));
  EXPECT_THAT(refusal("{\"v\": [1]}\n", k_one), HasSubstr("is not a number"));
  EXPECT_THAT(refusal("{\"v\": 1e300}\n", k_one), HasSubstr("does not fit in float32"));
  EXPECT_THAT(refusal("{\"v\": 1}\n", k_three), HasSubstr("is not a list of numbers"));
  EXPECT_THAT(refusal("{\"v\": [1, 2]}\n", k_three),
              HasSubstr("it has 2 numbers, and the field's size is 3"));
  EXPECT_THAT(refusal("{\"v\": [1, 2, \"x\"]}\n", k_three), HasSubstr("its entry 2 is"));
  EXPECT_THAT(refusal("{\"v\": [1, [2], 3]}\n", k_three), HasSubstr("is not a list of numbers"));
}

TEST(Number, RefusesOddOptions) {
  EXPECT_EQ(refusal("{}\n", R"({"kind": "number", "pointer": "/v", "std": 0})"),
            "data field n/std: expected a number from 1e-09 to 1e+09, found 0.");
  EXPECT_EQ(refusal("{}\n", R"({"kind": "number", "pointer": "/v", "size": 2, "mean": [1, 2, 3]})"),
            "data field n/mean: expected a number, or 2 of them, found [1,2,3].");
  EXPECT_THAT(refusal("{}\n", R"({"kind": "number", "pointer": ["/a", "b"]})"),
              HasSubstr("data field n/pointer: expected a JSON pointer such as /question"));
  EXPECT_THAT(refusal("{}\n", R"({"kind": "number", "pointer": ["/a"], "size": 1})"),
              HasSubstr("data field n/size: expected none beside a list of pointers"));
  EXPECT_THAT(refusal("{}\n", R"({"kind": "class", "pointer": ["/a"], "classes": 2})"),
              HasSubstr("expected one JSON pointer such as /question; a list is for the kind "
                        "number"));
}

}  // namespace
}  // namespace weft::host
