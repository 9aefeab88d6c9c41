// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <weft/config.hpp>

namespace weft {
namespace {

std::string string_of(const std::string& json) {
  return *detail::FlatJson("{\"key\": " + json + "}").find("key");
}

TEST(FlatJson, DecodesEscapes) {
  EXPECT_EQ(string_of(R"("a\"b\\c\/d")"), "a\"b\\c/d");
  EXPECT_EQ(string_of(R"("line\nnext\ttab\r\b\f")"), "line\nnext\ttab\r\b\f");
  EXPECT_EQ(string_of(R"("\u0041\u00e9\u20ac")"), "A\u00e9\u20ac");
  EXPECT_EQ(string_of("\"\u00e9\""), "\u00e9");
}

TEST(FlatJson, KeepsOtherValuesAsText) {
  EXPECT_EQ(string_of("-1.5e3"), "-1.5e3");
  EXPECT_EQ(string_of("true"), "true");
  EXPECT_EQ(string_of("[1, [2, 3]]"), "[1, [2, 3]]");
}

TEST(Quote, IsUndoneByReading) {
  const std::string text = "a\"\\\n\x01 \u00e9";
  EXPECT_EQ(string_of(detail::quote(text)), text);
}

TEST(Number, IsReadToItsLastBit) {
  for (const double number :
       {0.1, -2.5e3, 1e-5, 3e-320, 1.7976931348623157e308, 0.30000000000000004})
    EXPECT_EQ(detail::number_in(detail::number(number)), number);
  EXPECT_EQ(detail::number_in("64.0"), 64.0);
}

}  // namespace
}  // namespace weft
