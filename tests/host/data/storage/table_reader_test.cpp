// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/table_reader.hpp"

#include <gmock/gmock.h>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;

class TableReaderTest : public testing::Test {
 protected:
  /// The columns, and then the rows.
  std::vector<std::vector<std::string>> read(const std::string& text, const std::string& name) {
    write_file(folder.path(name), text);
    TableReader table(folder.path(name));
    std::vector<std::vector<std::string>> rows = {table.columns()};
    while (const auto row = table.next()) rows.push_back(*row);
    return rows;
  }

  /// The sentence that follows `The table PATH`.
  std::string complaint(const std::string& text, const std::string& name = "t.csv") {
    const auto [exit, sentence] = error_of([&] { read(text, name); });
    EXPECT_EQ(exit, Exit::bad_data) << sentence;
    const std::string head = "The table " + folder.path(name);
    EXPECT_THAT(sentence, testing::StartsWith(head));
    return sentence.substr(std::min(sentence.size(), head.size()));
  }

  test::Folder folder;
};

TEST_F(TableReaderTest, CellsAsRfc4180HasThem) {
  EXPECT_THAT(read("a,b,c\r\n1,\"x, y\",\r\n\"say \"\"hi\"\"\",\"two\r\nlines\", z \r\n", "t.csv"),
              ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("1", "x, y", ""),
                          ElementsAre("say \"hi\"", "two\r\nlines", " z ")));
}

TEST_F(TableReaderTest, MarkEmptyRowsAndALastLineWithoutAnEnd) {
  EXPECT_THAT(read("\xef\xbb\xbf\n a ,b\n\n1,2\n\r\n\n3,\"4\"", "t.csv"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2"), ElementsAre("3", "4")));
  EXPECT_THAT(read("a\n", "t.csv"), ElementsAre(ElementsAre("a")));
}

TEST_F(TableReaderTest, TabsDivideTheCellsOfTsv) {
  EXPECT_THAT(read("a\tb\n5\" pipe, long\t\"x\ty\"\n", "t.TSV"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("5\" pipe, long", "x\ty")));
}

TEST_F(TableReaderTest, MistakesHaveLineColumnAndRemedy) {
  EXPECT_EQ(complaint("a,b\n\"x\ny\",1\n1,2,3\n"),
            ", line 4: the row has 3 cells, and the first row names 2 columns. Put a cell that "
            "holds a comma into quotes, or complete the row.");
  EXPECT_EQ(complaint("a,b\n1,\"x\ny"),
            ", line 2, column 2 (\"b\"): the quote with which the cell begins is not closed. Close "
            "it, or double quotes that belong to the cell.");
  EXPECT_EQ(complaint("a,b\n\"x\"y,1\n"),
            ", line 2, column 1 (\"a\"): something stands behind the quote that closes the cell. "
            "Double quotes that belong to the cell.");
  EXPECT_EQ(
      complaint("a,b\n5\" pipe,1\n"),
      ", line 2, column 1 (\"a\"): a quote stands inside a cell that does not begin with one. "
      "Put the whole cell into quotes, and double those inside it.");
  EXPECT_EQ(complaint("a,b\n1,2\r3,4\n"),
            ", line 2, column 2 (\"b\"): a carriage return stands without a line feed behind it. "
            "Save the table with lines that end in LF or CR LF.");
}

TEST_F(TableReaderTest, AFirstRowThatNamesNoColumns) {
  EXPECT_EQ(complaint("\n\r\n"),
            " is empty. Name the columns in the first row, each with a name of its own.");
  EXPECT_EQ(complaint("a,b,a\n"),
            ", line 1: two columns are called \"a\". Name the columns in the first row, each with "
            "a name of its own.");
  EXPECT_EQ(complaint("a;b\n1;2\n"),
            ", line 1: the first row names one column, \"a;b\". Divide the cells by commas, or by "
            "tabs in a file named .tsv.");
  EXPECT_THAT(complaint("a,b\n1,2\n", "t.tsv"), HasSubstr("commas in a file named .csv."));
}

TEST_F(TableReaderTest, WhatIsNoTextOfUtf8) {
  EXPECT_EQ(complaint("\xff\xfe" + std::string("a\0", 2)),
            " is in UTF-16, as its byte order mark says; only UTF-8 is read. Save it as UTF-8.");
  EXPECT_EQ(complaint(std::string("PK\3\4\0\0", 6)),
            " is a ZIP archive, not a text. Save the table as CSV in UTF-8.");
  EXPECT_EQ(error_of([] { TableReader("/nowhere/t.csv"); }).first, Exit::no_input);
}

TEST_F(TableReaderTest, GoesOnBehindARowThatIsRefused) {
  write_file(folder.path("t.csv"), "a,b\n1\n5\" x,1\n\"x\"y,\n3,4\n");
  TableReader table(folder.path("t.csv"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(error_of([&] { table.next(); }).first, Exit::bad_data);
  EXPECT_THAT(*table.next(), ElementsAre("3", "4"));
  EXPECT_EQ(table.line(), 5U);
  EXPECT_FALSE(table.next());
}

}  // namespace
}  // namespace weft::host
