// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/source_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::test {
namespace {

std::string canonical(const std::string& text) {
  return host::formatted(host::read_source(text));
}

TEST(SourceText, PutsOnALineWhatFits) {
  EXPECT_EQ(canonical("{\"a\":1,\n\n\n\"b\":[1,\n2], \"c\":{\"d\":true}}"),
            "{\n"
            "  \"a\": 1,\n"
            "\n"
            "  \"b\": [1, 2],\n"
            "  \"c\": {\"d\": true}\n"
            "}\n");
}

TEST(SourceText, FillsLinesWithMembersWithoutObjects) {
  const std::string long_word(60, 'x');
  EXPECT_EQ(canonical(R"({"node": {"use": ")" + long_word +
                      R"(", "in": "batch.x", "config": {"a": 1, "b": ")" + long_word + R"("}}})"),
            "{\n"
            "  \"node\": {\n"
            "    \"use\": \"" +
                long_word +
                "\", \"in\": \"batch.x\",\n"
                "    \"config\": {\"a\": 1, \"b\": \"" +
                long_word +
                "\"}\n"
                "  }\n"
                "}\n");
}

TEST(SourceText, KeepsComments) {
  const std::string text =
      "// what it is\n"
      "{\n"
      "  // above\n"
      "  \"a\": 1,  // beside\n"
      "  \"b\": [\n"
      "    1, /* two */ 2\n"
      "    // the last\n"
      "  ] // behind\n"
      "}\n"
      "// the end\n";
  const std::string once = canonical(text);
  for (const char* comment : {"// what it is", "// above", "// beside", "/* two */", "// the last",
                              "// behind", "// the end"})
    EXPECT_THAT(once, testing::HasSubstr(comment));
  EXPECT_THAT(once, testing::HasSubstr("  \"a\": 1, // beside\n"));
}

TEST(SourceText, IsStable) {
  for (const std::string& text :
       {std::string("{}"), std::string("[]"), std::string("3"),
        std::string("{\"a\": {}, \"b\": []}"),
        "{\"a\": \"" + std::string(200, 'y') + "\", \"b\": [" + std::string(60, ' ') + "1]}",
        std::string("{ // first\n\"a\": // key\n 1, // one\n\n // two\n\"b\": 2 }")}) {
    const std::string once = canonical(text);
    EXPECT_EQ(canonical(once), once) << text;
  }
}

TEST(SourceText, LeavesStringsAndNumbersAsTheyAre) {
  EXPECT_EQ(canonical(R"({"a": "x\"y // z \u00e4 {", "b": 1.50e-3})"),
            "{\n  \"a\": \"x\\\"y // z \\u00e4 {\",\n  \"b\": 1.50e-3\n}\n");
}

}  // namespace
}  // namespace weft::test
