// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/source_text.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weft::host {
namespace {

constexpr std::size_t k_columns = 100;

/// Reads text that is known to be JSON with comments.
class SourceReader {
 public:
  explicit SourceReader(std::string_view text) : text_(text) {}

  SourceValue read() {
    std::vector<std::string> above;
    add_all(above, between());
    SourceValue value = read_value();
    value.above = std::move(above);
    Between after = between();
    value.beside = std::move(after.beside);
    value.after = std::move(after.comments);
    return value;
  }

 private:
  /// Blanks and comments.
  struct Between {
    std::string beside;  // a comment before the line ends
    std::vector<std::string> comments;
    bool has_blank_line = false;
  };

  Between between() {
    Between found;
    std::size_t newlines = 0;
    bool on_same_line = true;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        on_same_line = false;
        found.has_blank_line = found.has_blank_line || (++newlines > 1 && found.comments.empty());
      } else if (c == '/') {
        std::string comment = read_comment();
        if (on_same_line && found.beside.empty() && comment.starts_with("//"))
          found.beside = std::move(comment);
        else
          found.comments.push_back(std::move(comment));
        newlines = 0;
        --at_;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        break;
      }
    }
    return found;
  }

  /// Leaves the newline after "//".
  std::string read_comment() {
    const bool is_line = text_.substr(at_, 2) == "//";
    std::size_t end = is_line ? text_.find('\n', at_) : text_.find("*/", at_ + 2) + 2;
    end = std::min(end, text_.size());
    std::string comment(text_.substr(at_, end - at_));
    at_ = end;
    while (comment.ends_with('\r') || comment.ends_with(' ') || comment.ends_with('\t'))
      comment.pop_back();
    return comment;
  }

  std::string read_string() {
    const std::size_t start = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? std::size_t{2} : std::size_t{1};
    ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  SourceValue read_value() {
    SourceValue value;
    if (text_[at_] == '{' || text_[at_] == '[') {
      value.kind = text_[at_] == '{' ? SourceValue::Kind::object : SourceValue::Kind::list;
      ++at_;
      read_inside(value);
    } else if (text_[at_] == '"') {
      value.text = read_string();
    } else {
      const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n/", at_), text_.size());
      value.text = text_.substr(at_, end - at_);
      at_ = end;
    }
    return value;
  }

  void read_inside(SourceValue& value) {
    Between before = between();
    if (!before.beside.empty())
      before.comments.insert(before.comments.begin(), std::move(before.beside));
    while (text_[at_] != '}' && text_[at_] != ']') {
      std::string key;
      if (value.kind == SourceValue::Kind::object) {
        key = read_string();
        add_all(before.comments, between());
        ++at_;  // the colon
        add_all(before.comments, between());
      }
      SourceValue one = read_value();
      one.key = std::move(key);
      one.above = std::move(before.comments);
      one.blank_above = before.has_blank_line && !value.inside.empty();
      Between after = between();
      one.beside = std::move(after.beside);
      if (text_[at_] == ',') {
        ++at_;
        Between next = between();
        if (one.beside.empty()) std::swap(one.beside, next.beside);
        if (!next.beside.empty()) after.comments.push_back(std::move(next.beside));
        next.comments.insert(next.comments.begin(), after.comments.begin(), after.comments.end());
        before = std::move(next);
      } else {
        before = std::move(after);
      }
      value.inside.push_back(std::move(one));
    }
    ++at_;
    value.below = std::move(before.comments);
  }

  static void add_all(std::vector<std::string>& comments, Between found) {
    if (!found.beside.empty()) comments.push_back(std::move(found.beside));
    for (std::string& comment : found.comments) comments.push_back(std::move(comment));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool has_comments_inside(const SourceValue& value) {
  return !value.below.empty() || std::ranges::any_of(value.inside, [](const SourceValue& one) {
    return !one.above.empty() || !one.beside.empty() || has_comments_inside(one);
  });
}

std::string on_one_line(const SourceValue& value) {
  std::string line = value.key.empty() ? "" : value.key + ": ";
  if (value.kind == SourceValue::Kind::scalar) return line + value.text;
  const bool is_object = value.kind == SourceValue::Kind::object;
  line += is_object ? '{' : '[';
  for (std::size_t i = 0; i < value.inside.size(); ++i)
    line += (i == 0 ? "" : ", ") + on_one_line(value.inside[i]);
  return line + (is_object ? '}' : ']');
}

/// Columns, not bytes: continuation bytes of UTF-8 take none.
std::size_t width(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class SourceWriter {
 public:
  void write_top(const SourceValue& top) {
    for (const std::string& comment : top.above) {
      line_ = comment;
      new_line(0);
    }
    if (top.kind == SourceValue::Kind::scalar)
      line_ += top.text;
    else
      write_broken(top, 0);
    if (!top.beside.empty()) line_ += ' ' + top.beside;
    new_line(0);
    for (const std::string& comment : top.after) {
      line_ = comment;
      new_line(0);
    }
  }

  /// Every line, the last one with its newline.
  std::string text() && { return std::move(out_); }

 private:
  std::string& new_line(std::size_t level) {
    while (line_.ends_with(' ')) line_.pop_back();
    out_ += line_ + '\n';
    line_.assign(2 * level, ' ');
    return line_;
  }

  static bool can_share_a_line(const SourceValue& value) {
    return value.kind == SourceValue::Kind::scalar ||
           (value.kind == SourceValue::Kind::list &&
            std::ranges::all_of(value.inside, [](const SourceValue& one) {
              return one.kind == SourceValue::Kind::scalar;
            }));
  }

  /// The value after its key, over several lines.
  void write_broken(const SourceValue& value, std::size_t level) {
    const bool is_object = value.kind == SourceValue::Kind::object;
    line_ += is_object ? '{' : '[';
    bool may_go_on = false;  // the next one may stand behind the last
    for (std::size_t i = 0; i < value.inside.size(); ++i) {
      const SourceValue& one = value.inside[i];
      const std::string comma = i + 1 < value.inside.size() ? "," : "";
      const bool shares = level > 0 && can_share_a_line(one) && !has_comments_inside(one);
      const std::string whole = on_one_line(one) + comma;
      const bool fits_behind = width(line_) + 1 + width(whole) <= k_columns;
      if (may_go_on && shares && one.above.empty() && !one.blank_above && fits_behind) {
        line_ += ' ';
      } else {
        if (one.blank_above) new_line(0);
        for (const std::string& comment : one.above) new_line(level + 1) += comment;
        new_line(level + 1);
      }
      write(one, level + 1, whole, comma);
      if (!one.beside.empty()) line_ += ' ' + one.beside;
      may_go_on = shares && one.beside.empty();
    }
    for (const std::string& comment : value.below) new_line(level + 1) += comment;
    if (!value.inside.empty() || !value.below.empty()) new_line(level);
    line_ += is_object ? '}' : ']';
  }

  void write(const SourceValue& one, std::size_t level, const std::string& whole,
             const std::string& comma) {
    const bool fits = width(line_) + width(whole) <= k_columns;
    const bool is_scalar = one.kind == SourceValue::Kind::scalar;
    if ((fits || is_scalar || one.inside.empty()) && !has_comments_inside(one)) {
      line_ += whole;
      return;
    }
    if (!one.key.empty()) line_ += one.key + ": ";
    write_broken(one, level);
    line_ += comma;
  }

  std::string out_, line_;
};

}  // namespace

SourceValue read_source(std::string_view text) {
  return SourceReader(text).read();
}

std::string formatted(const SourceValue& source) {
  SourceWriter writer;
  writer.write_top(source);
  return std::move(writer).text();
}

}  // namespace weft::host
