// SPDX-License-Identifier: Apache-2.0
#include "host/report/table.hpp"

#include <gtest/gtest.h>

namespace weft::host {
namespace {

TEST(Table, AlignsWordsLeftAndNumbersRight) {
  Table table({"name", "value", "note"});
  table.add({"a", "1.5", "x1"});
  table.add({"longer", "-10.25", "y"});
  table.add({"none", "-", ""});
  EXPECT_EQ(table.text(),
            "name     value  note\n"
            "a          1.5  x1\n"
            "longer  -10.25  y\n"
            "none         -\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"α", "b"});
  table.add({"ββ", "c"});
  EXPECT_EQ(table.text(), "α   b\nββ  c\n");
}

TEST(Table, CellsMoveNoTerminal) {
  Table table({"name\n", "value"});
  table.add({"\x1b[2J", "\xe2\x80\xae"});
  EXPECT_EQ(table.text(), "name\\n   value\n\\x1b[2J  \\u{202e}\n");
}

TEST(Table, HeadsAloneAreALine) {
  EXPECT_EQ(Table({"name", "value"}).text(), "name  value\n");
}

}  // namespace
}  // namespace weft::host
