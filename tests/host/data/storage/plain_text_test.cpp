// SPDX-License-Identifier: Apache-2.0
/// Texts and values as files of different systems and tools write them.

#include "host/data/storage/plain_text.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "host/base/text.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/dataset/example.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string k_mark = "\xef\xbb\xbf";

TEST(PlainText, TheMarkOfUtf8IsNoText) {  // The Unicode Standard 15.0, 23.8
  EXPECT_EQ(without_mark(k_mark + "a"), "a");
  EXPECT_EQ(without_mark(k_mark), "");
  EXPECT_EQ(without_mark("a" + k_mark), "a" + k_mark);
  EXPECT_EQ(without_mark("\xef\xbb"), "\xef\xbb");
}

TEST(PlainText, OtherEncodingsAreNamed) {
  const auto problem = [](const std::string& text) -> std::string {
    try {
      without_mark(text);
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  const std::string rest = ", as its byte order mark says; only UTF-8 is read";
  EXPECT_EQ(problem(std::string("\xff\xfe"
                                "a\0",
                                4)),
            "is in UTF-16" + rest);
  EXPECT_EQ(problem("\xfe\xff"), "is in UTF-16" + rest);
  EXPECT_EQ(problem(std::string("\xff\xfe\0\0", 4)), "is in UTF-32" + rest);
  EXPECT_EQ(problem(std::string("\0\0\xfe\xff", 4)), "is in UTF-32" + rest);
}

TEST(PlainText, OneLineEndIsLeftOut) {
  EXPECT_EQ(without_line_end("a\n"), "a");
  EXPECT_EQ(without_line_end("a\r\n"), "a");
  EXPECT_EQ(without_line_end("a\n\n"), "a\n");
  EXPECT_EQ(without_line_end("a\r"), "a\r");
  EXPECT_EQ(without_line_end(" a "), " a ");
  EXPECT_EQ(without_line_end("\n"), "");
}

class PlainValuesTest : public testing::Test {
 protected:
  /// What a member and a value of JSON with the same text are.
  std::vector<std::string> both(const std::string& text, const std::string& in_json) {
    test::write_tar(path, {{"a.txt", text}, {"a.json", R"({"t": ")" + in_json + "\"}"}});
    const Shard shard = read_shard(path);
    const Example example = read_example(shard, {0, 0, 0}, {}, {"txt", "/t"});
    return {example.values.at("txt"), example.values.at("/t")};
  }

  /// The text of each line of a file.
  std::vector<std::string> lines(const std::string& name, const std::string& bytes) {
    test::write_file(folder.path(name), bytes);
    const Shard shard = read_shard(folder.path(name));
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; i < shard.size(); ++i) {
      const Example example = read_example(shard, {0, i, 0}, {}, {"txt", "/t"});
      for (const auto& [source, text] : example.values) texts.push_back(text);
    }
    return texts;
  }

  std::string refusal(const std::string& member, const std::string& bytes,
                      const std::string& source) {
    test::write_tar(path, {{"a." + member, bytes}});
    const Shard shard = read_shard(path);
    const auto [exit, sentence] = test::error_of([&] {
      read_example(shard, {0, 0, 0}, {}, {source});
    });
    EXPECT_EQ(exit, Exit::bad_data);
    return sentence;
  }

  /// The indices of a field of classes over JSON texts.
  std::vector<std::int64_t> indices(const std::string& classes,
                                    const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += "{\"v\": " + value + "}\n";
    test::write_file(folder.path("v.jsonl"), text);
    const Dataset dataset =
        Dataset::open("d",
                      R"({"shards": {"val": [")" + folder.path("v.jsonl") +
                          R"("]}, "fields": {"c": {"kind": "class", "pointer": "/v", "classes": )" +
                          classes + "}}}",
                      folder.path("c"));
    EvaluationStream stream(dataset, Split::val, std::ssize(values));
    Batch batch;
    stream.next(batch);
    const auto* first = batch.fields.at("c").data<std::int64_t>();
    return {first, first + std::ssize(values)};
  }

  test::Folder folder;
  const std::string path = folder.path("a.tar");
};

TEST_F(PlainValuesTest, ATextIsTheSameInAMemberAndInJson) {
  EXPECT_THAT(both(" a  b ", " a  b "), ElementsAre(" a  b ", " a  b "));
  EXPECT_THAT(both("a\n", "a\\n"), ElementsAre("a", "a"));
  EXPECT_THAT(both("a\r\n", "a\\r\\n"), ElementsAre("a", "a"));
  EXPECT_THAT(both("a\n\n", "a\\n\\n"), ElementsAre("a\n", "a\n"));
  EXPECT_THAT(both(k_mark + "a", k_mark + "a"), ElementsAre("a", "a"));
  EXPECT_THAT(both("", ""), ElementsAre("", ""));
}

TEST_F(PlainValuesTest, LinesOfAllSystems) {
  for (const std::string& mark : {std::string(), k_mark}) {
    EXPECT_THAT(lines("a.txt", mark + "one\r\n two \n\n  \nthree"),
                ElementsAre("one", " two ", "three"));
    EXPECT_THAT(lines("a.jsonl", mark + "{\"t\": \"one\"}\r\n\r\n{\"t\": \" two \"}"),
                ElementsAre("one", " two "));
    EXPECT_THAT(lines("i.jsonl", mark + R"({"key": "k", "txt": {"text": "one"}})"),
                ElementsAre("one"));
  }
  EXPECT_THAT(lines("A.TXT", "one\n"), ElementsAre("one"));
  EXPECT_THAT(lines("A.JSONL", "{\"t\": \"one\"}\n"), ElementsAre("one"));
  EXPECT_THAT(lines("u.txt",
                    "a\xe2\x80\xa8"
                    "b\x0c"
                    "c\rd\n"),
              ElementsAre("a\xe2\x80\xa8"
                          "b\x0c"
                          "c\rd"))
      << "nothing else ends a line";
}

TEST_F(PlainValuesTest, OtherEncodingsAreRefusedWhereverTheyStand) {
  const std::string text(
      "\xff\xfe"
      "a\0",
      4);
  EXPECT_EQ(refusal("txt", text, "txt"),
            path +
                ", sample a: the member txt is in UTF-16, as its byte order mark says; only "
                "UTF-8 is read. Convert it in the data.");
  EXPECT_THAT(refusal("json", text, "/t"),
              HasSubstr("the member json is not usable (it is in UTF-16, as its byte order mark"));
  for (const char* name : {"a.txt", "a.jsonl"}) {
    test::write_file(folder.path(name), text);
    EXPECT_THAT(test::error_of([&] { read_shard(folder.path(name)); }).second,
                EndsWith("is in UTF-16, as its byte order mark says; only UTF-8 is read. Convert "
                         "it to UTF-8."));
  }
}

TEST_F(PlainValuesTest, NumbersAreTheSameHoweverTheyAreWritten) {  // RFC 8259, 6
  const auto value = [&](const std::string& json) {
    test::write_tar(path, {{"a.json", "{\"v\": " + json + "}"}});
    return read_example(read_shard(path), {0, 0, 0}, {}, {"/v"}).values.at("/v");
  };
  for (const char* one : {"1", "1.0", "1e0", "10e-1", "0.1e1"}) EXPECT_EQ(value(one), "1") << one;
  EXPECT_EQ(value("-0.0"), "0");
  EXPECT_EQ(value("-3.0"), "-3");
  EXPECT_EQ(value("1.50"), "1.5");
  EXPECT_EQ(value("1e18"), "1000000000000000000");
  EXPECT_EQ(value("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(value("1e300"), value("10e299"));
  EXPECT_EQ(value("[1.0, {\"a\": 2.0}]"), value("[1, {\"a\": 2}]"));
  EXPECT_EQ(value("\"1.0\""), "1.0") << "a text stays as it is";
}

TEST_F(PlainValuesTest, ClassesMeetNumbersByTheirValue) {
  const std::vector<std::string> written = {"1", "1.0", "2e0", "\"2\""};
  const std::vector<std::int64_t> expected = {0, 0, 1, 1};
  EXPECT_EQ(indices(R"(["1", "2"])", written), expected);
  EXPECT_EQ(indices("[1, 2]", written), expected);
  EXPECT_EQ(indices("[1.0, 2.0]", written), expected);
  EXPECT_EQ(indices(R"(["1.0", "2.0"])", written), expected);
  EXPECT_EQ(indices(R"(["1", "1.0"])", {"1", "1.0", "\"1.0\""}),
            (std::vector<std::int64_t>{0, 0, 1}));
}

TEST_F(PlainValuesTest, ClassesMayBeNumbersOfARange) {
  EXPECT_EQ(indices("3", {"0", "2.0", "\"01\"", "\" 2\\n\""}),
            (std::vector<std::int64_t>{0, 2, 1, 2}));
  EXPECT_EQ(indices(R"({"from": -1, "to": 1000})", {"-1", "0", "\"1000\""}),
            (std::vector<std::int64_t>{0, 1, 1001}));
  for (const char* other : {"3", "-1", "1.5", "\"one\"", "\"\"", "\"1 2\""}) {
    EXPECT_THAT(
        test::error_of([&] { indices("3", {other}); }).second,
        HasSubstr(", which is no class of field c. Its classes are the numbers from 0 to 2."))
        << other;
  }
  for (const char* wrong : {"0", "1.5", "1000001", R"({"from": 2, "to": 1})", R"({"from": 0})",
                            R"({"from": 0, "to": 1000000})"}) {
    EXPECT_EQ(test::error_of([&] { indices(wrong, {"0"}); }).first, Exit::bad_recipe) << wrong;
  }
}

TEST_F(PlainValuesTest, AClassInAMemberOfAnySystem) {
  for (const std::string& text : {std::string("7"), std::string("7\n"), std::string("7\r\n"),
                                  k_mark + "7", std::string(" 7 "), std::string("7 \r\n")}) {
    test::write_tar(path, {{"a.cls", text}});
    const Dataset dataset =
        Dataset::open("d",
                      R"({"shards": {"val": [")" + path +
                          R"("]}, "fields": {"cls": {"kind": "class", "classes": ["6", "7"]}}})",
                      folder.path("c"));
    EvaluationStream stream(dataset, Split::val, 1);
    Batch batch;
    ASSERT_TRUE(stream.next(batch));
    EXPECT_THAT(test::integers(batch, "cls"), ElementsAre(1)) << testing::PrintToString(text);
  }
}

TEST_F(PlainValuesTest, WhereMeetsNumbersByTheirValue) {
  test::write_file(folder.path("w.jsonl"), "{\"v\": 1}\n{\"v\": 1.0}\n{\"v\": 1e0}\n{\"v\": 2}\n");
  for (const char* accepted : {"1", "1.0", "\"1\"", "\"1.0\""}) {
    const Dataset dataset = Dataset::open(
        "d",
        R"({"shards": {"val": [")" + folder.path("w.jsonl") + R"("]}, "filter": {"/v": [)" +
            accepted + R"(]}, "fields": {"g": {"kind": "group", "pointer": "/v"}}})",
        folder.path("c"));
    EXPECT_EQ(dataset.size(Split::val), 3) << accepted;
    EvaluationStream stream(dataset, Split::val, 3, "/v");
    Batch batch;
    ASSERT_TRUE(stream.next(batch));
    EXPECT_THAT(batch.groups, ElementsAre("1", "1", "1"));
    const auto* groups = batch.fields.at("g").data<std::int64_t>();
    EXPECT_THAT(std::vector(groups, groups + 3), testing::Each(groups[0]));
  }
}

}  // namespace
}  // namespace weft::host
