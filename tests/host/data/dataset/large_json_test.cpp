// SPDX-License-Identifier: Apache-2.0
/// JSON of many small values, which takes hours where each of them costs a look at all others.

#include <gtest/gtest.h>

#include <ctime>

#include "host/base/text.hpp"
#include "host/data/dataset/example.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

constexpr int k_count = 500'000;

class LargeJsonTest : public testing::Test {
 protected:
  ~LargeJsonTest() override {
    EXPECT_LT((std::clock() - begin_) / CLOCKS_PER_SEC, 120) << "seconds of processor time";
  }

  /// `ENTRY,ENTRY,…,ENTRY`.
  static std::string many(const std::string& entry) {
    std::string text;
    for (int i = 1; i < k_count; ++i) text += entry + ",";
    return text + entry;
  }

  test::Folder folder;
  const std::string path = folder.path("a.tar");

 private:
  std::clock_t begin_ = std::clock();
};

TEST_F(LargeJsonTest, AListInASamplesJson) {
  test::write_tar(path, {{"a.json", R"({"label": "x", "list": [)" + many("{}") + "]}"},
                         {"b.json", "[" + many("[]") + "]"}});
  const Shard shard = read_shard(path);
  EXPECT_EQ(read_example(shard, {0, 0, 0}, {}, {"/label"}).values.at("/label"), "x");
  EXPECT_EQ(test::error_of([&] {
              read_example(shard, {0, 1, 0}, {}, {"/label"});
            }).first,
            Exit::bad_data);
}

TEST_F(LargeJsonTest, EntriesOfASampleWhichHasMoreBesideThem) {
  test::write_tar(path, {{"a.json", R"({"of": "all", "more": [)" + many("1") + R"(], "list": [)" +
                                        many("{\"n\":1}") + "]}"}});
  const Shard shard = read_shard(path);
  DataOptions options;
  options.each = "/list";
  int met = 0;
  for_each_example(shard, 0, options, {"/of", "/n"},
                   [&](std::uint32_t entry, const Example& example, bool) {
                     EXPECT_EQ(entry, met++);
                     EXPECT_EQ(example.values.at("/of") + example.values.at("/n"), "all1");
                   });
  EXPECT_EQ(met, k_count);
}

TEST_F(LargeJsonTest, RowsOfOneSample) {
  test::write_tar(path, {{"a.json", R"({"of": "all", "list": [)" + many("{\"n\":1}") + "]}"},
                         {"b.json", R"({"of": "b", "list": [{"n": 2}], "other": [{"n": 3}]})"}});
  const Shard shard = read_shard(path);
  DataOptions options;
  options.each = "/list";
  const auto value = [&](std::uint32_t sample, std::uint32_t entry) {
    const Example example = read_example(shard, {0, sample, entry}, options, {"/of", "/n"});
    return example.values.at("/of") + example.values.at("/n");
  };
  for (std::uint32_t entry = 0; entry < 2'000; ++entry) EXPECT_EQ(value(0, entry), "all1");
  EXPECT_EQ(value(1, 0), "b2");  // which lies between rows of the other
  options.each = "/other";
  EXPECT_EQ(value(1, 0), "b3");
  options.each = "/list";
  EXPECT_EQ(value(0, k_count - 1), "all1");
}

TEST_F(LargeJsonTest, ALineOfAnIndexOrAText) {
  const std::string list = "[" + many("{}") + "]";
  test::write_file(folder.path("i.jsonl"), R"({"key": "a", "json": {"list": )" + list + "}}");
  EXPECT_EQ(read_shard(folder.path("i.jsonl")).key(0), "a");
  test::write_file(folder.path("t.jsonl"), R"({"list": )" + list + "}");
  EXPECT_EQ(read_shard(folder.path("t.jsonl")).key(0), "1");
}

}  // namespace
}  // namespace weft::host
