// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/table_reader.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/first_bytes.hpp"
#include "host/data/storage/foreign_file.hpp"
#include "host/data/storage/plain_text.hpp"

namespace weft::host {
namespace {

/// The name of a file format whose bytes are no text; else empty.
std::string binary_format(std::string_view text) {
  constexpr std::size_t k_head = 512;
  const std::string_view head = text.substr(0, k_head);
  const FileFormat* const format = format_of(head);
  const bool has_zero = head.find('\0') != std::string_view::npos;
  return format != nullptr && has_zero ? std::string(format->name) : "";
}

}  // namespace

TableReader::TableReader(const std::string& path)
    : path_(path), separator_(has_ending(path, ".tsv") ? '\t' : ',') {
  read_file();
  read_columns();
}

void TableReader::read_file() {
  const auto refuse = [&](Exit exit, const std::string& found, const std::string& remedy) {
    throw Error(exit, concat("The table ", path_, " ", found, ". ", remedy));
  };
  DataFile file(path_);
  if (!file.problem().empty()) refuse(Exit::no_input, file.problem(), "Check the path.");
  try {
    const Bytes bytes = file.read_all(k_largest_table);
    bytes_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text_ = without_mark(bytes_);
  } catch (const std::length_error& problem) {
    refuse(Exit::bad_data, problem.what(),
           "Divide it, or write its rows as lines of JSON (.jsonl).");
  } catch (const std::invalid_argument& problem) {
    refuse(Exit::bad_data, problem.what(), "Save it as UTF-8.");
  } catch (const std::exception& problem) {
    refuse(Exit::io, concat("cannot be read (", problem.what(), ")"), "Copy it again.");
  }
  if (const std::string format = binary_format(text_); !format.empty()) {
    refuse(Exit::bad_data, concat("is ", format, ", not a text"),
           "Save the table as CSV in UTF-8.");
  }
}

void TableReader::read_columns() {
  constexpr const char* k_first_row =
      "Name the columns in the first row, each with a name of its own.";
  if (!skip_empty_rows()) {
    throw Error(Exit::bad_data, concat("The table ", path_, " is empty. ", k_first_row));
  }
  for (std::string& name : row()) columns_.emplace_back(without_blanks(name));
  const std::string other = separator_ == ',' ? ";\t" : ";,";
  if (columns_.size() == 1 && columns_[0].find_first_of(other) != std::string::npos) {
    fail(concat("the first row names one column, ", shown(columns_[0])),
         separator_ == ',' ? "Divide the cells by commas, or by tabs in a file named .tsv."
                           : "Divide the cells by tabs, or by commas in a file named .csv.");
  }
  std::set<std::string_view> names;
  for (const std::string& name : columns_) {
    if (!names.insert(name).second)
      fail(concat("two columns are called ", shown(name)), k_first_row);
  }
}

std::optional<std::vector<std::string>> TableReader::next() {
  if (!skip_empty_rows()) return std::nullopt;
  std::vector<std::string> cells = row();
  if (cells.size() != columns_.size()) {
    fail(concat("the row has ", cells.size(), cells.size() == 1 ? " cell" : " cells",
                ", and the first row names ", columns_.size(), " columns"),
         concat("Put a cell that holds a ", separator_ == ',' ? "comma" : "tab",
                " into quotes, or complete the row."));
  }
  return cells;
}

/// False at the end.
bool TableReader::skip_empty_rows() {
  while (at_ < text_.size() && (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n")) skip_line();
  return at_ < text_.size();
}

/// The cells up to the end of the line, which is passed.
std::vector<std::string> TableReader::row() {
  line_ = next_line_;
  std::vector<std::string> cells;
  while (true) {
    cells.push_back(cell(cells.size()));
    if (at_ == text_.size()) return cells;
    if (text_[at_] != separator_) break;
    ++at_;
  }
  skip_line();
  return cells;
}

std::string TableReader::cell(std::size_t column) {
  if (at_ < text_.size() && text_[at_] == '"') return quoted_cell(column);
  const std::size_t begin = at_;
  while (!is_at_end_of_cell()) {
    const char c = text_[at_];
    if (c == '"' && separator_ == ',') {
      skip_line();
      fail(column, "a quote stands inside a cell that does not begin with one",
           "Put the whole cell into quotes, and double those inside it.");
    }
    if (c == '\r') {
      skip_line();
      fail(column, "a carriage return stands without a line feed behind it",
           "Save the table with lines that end in LF or CR LF.");
    }
    ++at_;
  }
  return std::string(text_.substr(begin, at_ - begin));
}

std::string TableReader::quoted_cell(std::size_t column) {
  std::string cell;
  ++at_;
  while (true) {
    const std::size_t quote = std::min(text_.find('"', at_), text_.size());
    cell += text_.substr(at_, quote - at_);
    next_line_ +=
        static_cast<std::size_t>(std::ranges::count(text_.substr(at_, quote - at_), '\n'));
    at_ = quote;
    if (at_ == text_.size()) {
      fail(column, "the quote with which the cell begins is not closed",
           "Close it, or double quotes that belong to the cell.");
    }
    ++at_;
    if (at_ == text_.size() || text_[at_] != '"') break;
    cell += '"';
    ++at_;
  }
  if (!is_at_end_of_cell()) {
    skip_line();
    fail(column, "something stands behind the quote that closes the cell",
         "Double quotes that belong to the cell.");
  }
  return cell;
}

bool TableReader::is_at_end_of_cell() const {
  return at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\n' ||
         text_.substr(at_, 2) == "\r\n";
}

void TableReader::skip_line() {
  const std::size_t end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  ++next_line_;
}

void TableReader::fail(const std::string& found, const std::string& remedy) const {
  throw Error(Exit::bad_data,
              concat("The table ", path_, ", line ", line_, ": ", found, ". ", remedy));
}

void TableReader::fail(std::size_t column, const std::string& found,
                       const std::string& remedy) const {
  const std::string name =
      column < columns_.size() ? concat(" (", shown(columns_[column]), ")") : "";
  throw Error(Exit::bad_data, concat("The table ", path_, ", line ", line_, ", column ", column + 1,
                                     name, ": ", found, ". ", remedy));
}

std::string TableReader::fingerprint() const {
  Fingerprint fingerprint;
  fingerprint.add(bytes_.data(), bytes_.size());
  return fingerprint.hex();
}

}  // namespace weft::host
