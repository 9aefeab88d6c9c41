// SPDX-License-Identifier: Apache-2.0
/// A page in one file: no script, no address, no network. Light or dark as the reader's system is;
/// what opens and closes does so by keyboard; one column on a phone.

#pragma once

#include <string>
#include <vector>

namespace weft::host {

class Page {
 public:
  /// @param subtitle  a sentence below the title; HTML
  Page(std::string title, std::string subtitle)
      : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

  /// A section with a heading of its own, reached from the list at the top.
  /// @param html  its content
  void add(const std::string& heading, const std::string& html);

  std::string html() const;

 private:
  struct Section {
    std::string heading, html;
  };
  std::string title_, subtitle_;
  std::vector<Section> sections_;
};

/// A table; the first row holds the heads, the first cell of each other row is the row's head.
/// Numbers stand to the right. Cells are text, not HTML.
/// @param caption  text, or empty
std::string html_table(const std::string& caption,
                       const std::vector<std::vector<std::string>>& rows);

/// What a press of a key or a finger opens. @param html  what is inside
std::string html_details(const std::string& summary, const std::string& html);

}  // namespace weft::host
