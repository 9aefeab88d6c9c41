// SPDX-License-Identifier: Apache-2.0
/// Tables as texts: comma-separated (RFC 4180) and tab-separated values, row by row.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// A table is read whole: its rows become samples that are held in memory too.
inline constexpr std::size_t k_largest_table = std::size_t{1} << 30;

/// The first row names the columns. A cell is in quotes, where it may hold separators, line ends
/// and doubled quotes, or is taken as it is, blanks included; a comma-separated cell without quotes
/// around it holds none. Rows end with LF or CR LF. A byte order mark of UTF-8 and empty rows are
/// passed over.
class TableReader {
 public:
  /// A path that ends in `.tsv` names a table divided by tabs.
  /// @throws Error (no_input) when it cannot be opened; (bad_data) when it has no row of names, or
  ///         two columns have one name
  explicit TableReader(const std::string& path);

  const std::vector<std::string>& columns() const { return columns_; }

  /// The cells of the next row, as many as there are columns; nothing behind the last one.
  /// @throws Error (bad_data) with line, column and remedy. The next call goes on behind the row
  std::optional<std::vector<std::string>> next();

  /// In which the row at hand begins, from 1.
  std::size_t line() const { return line_; }

  /// Refuses the row at hand: `The table a.csv, line 3, column 2 ("age"): FOUND. REMEDY`.
  [[noreturn]] void fail(const std::string& found, const std::string& remedy) const;
  [[noreturn]] void fail(std::size_t column, const std::string& found,
                         const std::string& remedy) const;

  /// XXH3-128 of the whole file.
  std::string fingerprint() const;

 private:
  void read_file();
  void read_columns();
  bool skip_empty_rows();
  std::vector<std::string> row();
  std::string cell(std::size_t column);
  std::string quoted_cell(std::size_t column);
  bool is_at_end_of_cell() const;
  void skip_line();

  std::string path_;
  char separator_;
  std::string bytes_;
  std::string_view text_;  ///< bytes_ without a mark
  std::size_t at_ = 0, line_ = 1, next_line_ = 1;
  std::vector<std::string> columns_;
};

}  // namespace weft::host
