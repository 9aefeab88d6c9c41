// SPDX-License-Identifier: Apache-2.0
/// Fields of the kind `group`.

#include <gmock/gmock.h>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

TEST(Group, EqualValuesHaveOneNumberThatFloat64Holds) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"), R"({"of": "a cow"})"
                                           "\n"
                                           R"({"of": "A cow"})"
                                           "\n"
                                           R"({"of": 7})"
                                           "\n"
                                           R"({"of": "a cow"})"
                                           "\n"
                                           R"({"of": "7"})"
                                           "\n");
  const Dataset dataset =
      Dataset::open("d",
                    R"({"shards": {"val": [")" + folder.path("a.jsonl") +
                        R"("]}, "fields": {"which": {"kind": "group", "pointer": "/of"}}})",
                    folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 5);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  const std::span which(batch.fields.at("which").data<std::int64_t>(), 5);
  EXPECT_EQ(batch.fields.at("which").sizes, std::vector<std::int64_t>{5});
  EXPECT_EQ(which[0], which[3]);
  EXPECT_NE(which[0], which[1]);
  EXPECT_EQ(which[2], which[4]);  // a number counts as its text
  EXPECT_NE(which[0], which[2]);
  for (const std::int64_t number : which) {
    EXPECT_GE(number, 0);
    EXPECT_LT(number, std::int64_t{1} << 53);
  }
}

TEST(Group, ASampleWithoutTheValueIsNamed) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"), "{\"of\": 1}\n{}\n");
  const Dataset dataset =
      Dataset::open("d",
                    R"({"shards": {"val": [")" + folder.path("a.jsonl") +
                        R"("]}, "fields": {"which": {"kind": "group", "pointer": "/of"}}})",
                    folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 5);
  Batch batch;
  EXPECT_THAT(test::error_of([&] { stream.next(batch); }).second,
              testing::HasSubstr("there is no value at /of, which field which needs"));
}

TEST(Group, AnOptionalOneIsThereWhereItsValueIs) {
  const test::Folder folder;
  test::write_file(folder.path("a.jsonl"), "{\"of\": 1}\n{}\n");
  const Dataset dataset = Dataset::open(
      "d",
      R"({"shards": {"val": [")" + folder.path("a.jsonl") +
          R"("]}, "fields": {"which": {"kind": "group", "pointer": "/of", "optional": true}}})",
      folder.path("c"));
  EvaluationStream stream(dataset, Split::val, 2);
  Batch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_TRUE(batch.fields.at("which_present").data<bool>()[0]);
  EXPECT_NE(batch.fields.at("which").data<std::int64_t>()[0], 0);
  EXPECT_FALSE(batch.fields.at("which_present").data<bool>()[1]);
  EXPECT_EQ(batch.fields.at("which").data<std::int64_t>()[1], 0);
}

}  // namespace
}  // namespace weft::host
