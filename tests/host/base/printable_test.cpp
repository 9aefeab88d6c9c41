// SPDX-License-Identifier: Apache-2.0
#include "host/base/printable.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weft::test {
namespace {

using namespace weft::host;
using namespace std::string_literals;

TEST(Printable, WordsOfAllLanguagesStay) {
  for (const char* text : {"", "plain", "a\\b", "Größe", "日本語", "👍🏽", "שלום", "é", "…"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ControlCharactersAreWritten) {
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\x09c\\x0d");
  EXPECT_EQ(printable("7\0rest"s), "7\\x00rest");
  EXPECT_EQ(printable("\x1b[31mred\x7f"), "\\x1b[31mred\\x7f");
  EXPECT_EQ(printable("k\xc2\x9b"
                      "2J"),
            "k\\x9b2J")
      << "C1, as a terminal's CSI";
}

TEST(Printable, CharactersThatTurnTheDirectionAreWritten) {
  EXPECT_EQ(printable("a\u202e"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(printable("\u200b\u2028\u2066\ufeff\u061c"),
            "\\u{200b}\\u{2028}\\u{2066}\\u{feff}\\u{61c}");
  EXPECT_EQ(printable("\U000e0041"), "\\u{e0041}") << "tags";
}

/// The table 3-7 of the Unicode Standard: overlong forms, surrogates, above U+10FFFF, cut off.
TEST(Printable, IllFormedBytesAreWritten) {
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("a\xe6\x97"), "a\\xe6\\x97");
  EXPECT_EQ(printable("\xff"), "\\xff");
}

TEST(Printable, WhatIsPrintableDoesNotChange) {
  const std::string once = printable("\x1b\u202e\xff\n\\");
  EXPECT_EQ(printable(once), once);
}

TEST(Printable, LongTextsLoseTheirMiddle) {
  std::string text(100'000, 'a');
  text += "end";
  const std::string cut = printable(text, 50);
  EXPECT_LE(cut.size(), 50u);
  EXPECT_EQ(cut.substr(0, 5), "aaaaa");
  EXPECT_NE(cut.find("…"), std::string::npos);
  EXPECT_TRUE(cut.ends_with("aend"));
  EXPECT_EQ(printable(std::string(50, 'a'), 50), std::string(50, 'a'));
}

TEST(Printable, CharactersAreNotCutApart) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "日";
  for (std::size_t most = 20; most < 30; ++most) {
    const std::string cut = printable(text, most);
    EXPECT_LE(cut.size(), most);
    EXPECT_EQ(cut.find("\\x"), std::string::npos) << cut;
  }
}

TEST(Number, IsWrittenInItsForm) {
  EXPECT_EQ(number(0.5, "%.3f"), "0.500");
  EXPECT_EQ(number(25.0, "%.1f %%"), "25.0 %");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity(), "%.3f"), "-inf");
}

TEST(Number, NanHasNoSign) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(number(std::copysign(nan, -1.0), "%.3f"), "nan");
  EXPECT_EQ(number(std::copysign(nan, 1.0), "%.3f"), "nan");
}

}  // namespace
}  // namespace weft::test
