// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/parse.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// How far the lexer has read. The iterators are copied into the library; this stays here.
struct Cursor {
  const char* at;
  const char* counted;     // up to here `line` and `line_begin` are right
  const char* line_begin;  // of the line of the last character read
  int line = 1;

  /// The line of the last character read. A newline that ended a number has been read too, but does
  /// not count: only newlines before the last character do.
  int last_line() {
    for (; counted + 1 < at; ++counted)
      if (*counted == '\n') ++line, line_begin = counted + 1;
    return line;
  }
};

/// Reads characters and moves the shared cursor.
class Characters {
 public:
  // NOLINTBEGIN(readability-identifier-naming): std::iterator_traits asks for these names
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  Characters(Cursor* cursor, const char* at) : cursor_(cursor), at_(at) {}
  reference operator*() const { return *at_; }
  Characters& operator++() {
    cursor_->at = ++at_;
    return *this;
  }
  bool operator==(const Characters& other) const { return at_ == other.at_; }
  bool operator!=(const Characters& other) const { return at_ != other.at_; }

 private:
  Cursor* cursor_;
  const char* at_;
};

/// Receives the library's events and builds the tree. A callback that returns false stops the
/// parse.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, Cursor& cursor, const std::shared_ptr<const std::string>& file,
          Findings& findings)
      : text_(text), cursor_(cursor), file_(file), findings_(findings) {}

  Value root;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse_integer(std::to_string(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    if (text.find_first_of(".eE") == std::string::npos) return refuse_integer(text);
    return add(value);
  }
  bool string(string_t& value) override {
    if (value.find('\0') != std::string::npos)
      return stop("the string holds the character U+0000. Remove it.", Token::text);
    return add(std::move(value), Token::text);
  }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*elements*/) override { return open(Value::Object{}); }
  bool start_array(std::size_t /*elements*/) override { return open(Value::List{}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    Level& level = open_.back();
    level.key = std::move(key);
    level.key_place = here(Token::text);
    if (!level.keys.insert(level.key).second) {
      findings_.add(level.key_place, child(pointer(open_.size() - 1), level.key),
                    "this key is given twice in one object. Remove one of the two.");
      failed_ = true;
    }
    return true;
  }

  bool parse_error(std::size_t /*position*/, const std::string& last_token,
                   const Json::exception& error) override {
    if (error.id == 406)  // out_of_range: number overflow
      return stop(concat("the number ", printable(last_token), " is too large for a double."),
                  Token::word);
    return stop(concat("not valid JSON: ", complaint(error.what(), last_token)));
  }

  bool failed() const { return failed_; }

 private:
  struct Level {
    Value value;
    std::string key;   // of the member that comes next, if this is an object
    Origin key_place;  // its line is 0 in a list
    std::unordered_set<std::string> keys;
  };

  /// What the library has just read: a string, a number or true, false or null, or a character.
  enum class Token { text, word, character };

  static bool is_in_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  }

  /// REQUIRES: cursor_.last_line() was called.
  const char* begin_of(Token token) const {
    const char *const line = cursor_.line_begin, *at = cursor_.at;
    const auto is_escaped = [&](const char* quote) {
      const char* before = quote;
      while (before > line && before[-1] == '\\') --before;
      return (quote - before) % 2 != 0;
    };
    if (token == Token::word) {  // the character that ended a number has been read too
      while (at > line && !is_in_word(at[-1])) --at;
      while (at > line && is_in_word(at[-1])) --at;
      return at;
    }
    at = std::max(at - 1, line);
    if (token == Token::text)
      for (--at; at > line && (*at != '"' || is_escaped(at));) --at;
    return at;
  }

  Origin here(Token token) {
    const int line = cursor_.last_line();
    return {file_, line, static_cast<int>(begin_of(token) - cursor_.line_begin) + 1};
  }

  bool add(Value::Data data, Token token = Token::word) {
    Origin origin = here(token);
    if (!open_.empty() && open_.back().key_place.line == origin.line)
      origin = open_.back().key_place;
    return place({std::move(data), std::move(origin)});
  }

  bool open(Value::Data data) {
    if (open_.size() == k_max_depth)
      return stop(concat("objects and arrays are nested more than ", k_max_depth, " deep."));
    // An object is found where its key stands, which is what one searches for.
    Level level{{std::move(data), here(Token::character)}, "", {}, {}};
    if (!open_.empty() && open_.back().key_place.line > 0)
      level.value.origin = open_.back().key_place;
    open_.push_back(std::move(level));
    return true;
  }

  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return place(std::move(value));
  }

  bool place(Value value) {
    if (++values_ > k_max_values)
      return stop(concat("the text holds more than ", k_max_values, " values."));
    if (open_.empty()) {
      root = std::move(value);
    } else if (Value::List* list = open_.back().value.list()) {
      list->push_back(std::move(value));
    } else {
      open_.back().value.object()->push_back({open_.back().key, std::move(value)});
    }
    return true;
  }

  /// The pointer to the innermost open value, from the outermost `levels` ones.
  std::string pointer(std::size_t levels) const {
    std::string pointer;
    for (std::size_t i = 0; i < levels; ++i) {
      const Value::List* list = open_[i].value.list();
      if (list == nullptr && open_[i].keys.empty()) break;  // before the first key
      pointer = list ? child(pointer, list->size()) : child(pointer, open_[i].key);
    }
    return pointer;
  }

  bool refuse_integer(const std::string& text) {
    return stop(concat("the integer ", text, " does not fit into 64 bits with a sign."),
                Token::word);
  }

  bool stop(const std::string& text, Token token = Token::character) {
    findings_.add(here(token), pointer(open_.size()), text);
    failed_ = true;
    return false;
  }

  /// The useful part of "[json.exception…] parse error at …: syntax error while … - DETAIL; …".
  std::string complaint(const std::string& what, const std::string& last_token) const {
    const std::size_t dash = what.find(" - ");
    std::string detail = dash == std::string::npos ? what : what.substr(dash + 3);
    detail = printable(detail.substr(0, detail.find("; last read")));
    const std::string any_value = "'[', '{', or a literal";
    if (const std::size_t at = detail.find(any_value); at != std::string::npos)
      detail.replace(at, any_value.size(), "a value");
    for (const char* end : {"expected '}'", "expected ']'"})  // after a value a comma may come too
      if (detail.ends_with(end)) detail.insert(detail.size() - 3, "',' or ");
    if (detail != "invalid literal")
      return detail + "." + (follows_comma() ? " Remove the comma before it." : "");
    const std::string word = last_word(last_token);
    return concat(detail, " near \"", word, "\".", literal_remedy(word));
  }

  /// What stands where a value should, and is none: `last` is how far it was read.
  static std::string literal_remedy(const std::string& last) {
    const bool is_constant =
        std::ranges::any_of(std::initializer_list<std::string_view>{"T", "F", "N", "I", "-I"},
                            [&](std::string_view begin) { return last == begin; });
    if (is_constant) return " The words of JSON are true, false and null; NaN is no number of it.";
    return " Keys and texts stand in double quotes.";
  }

  /// The lexer's token reaches back over blanks and punctuation.
  static std::string last_word(const std::string& token) {
    const std::size_t before = token.find_last_of(" \t\r\n:,[]{}\"");
    return printable(before == std::string::npos ? token : token.substr(before + 1));
  }

  /// The commonest slip: a comma after the last element.
  bool follows_comma() const {
    const auto read = static_cast<std::size_t>(cursor_.at - text_.data());
    if (read == 0 || (text_[read - 1] != ']' && text_[read - 1] != '}')) return false;
    const std::size_t before = text_.find_last_not_of(" \t\r\n", read < 2 ? 0 : read - 2);
    return before != std::string_view::npos && text_[before] == ',';
  }

  std::string_view text_;
  Cursor& cursor_;
  const std::shared_ptr<const std::string>& file_;
  Findings& findings_;
  std::vector<Level> open_;
  std::size_t values_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<Value> parse_json(std::string_view text,
                                const std::shared_ptr<const std::string>& file, Findings& findings,
                                Comments comments) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    findings.add({file, 1, 1}, "", "the file begins with a byte order mark. Save it without one.");
    return std::nullopt;
  }
  // The library would take a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    const auto newlines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    findings.add({file, static_cast<int>(newlines) + 1}, "",
                 "the text holds a zero byte. Remove it.");
    return std::nullopt;
  }
  const char* const begin = text.data();
  Cursor cursor{begin, begin, begin};
  Builder builder(text, cursor, file, findings);
  Json::sax_parse(Characters(&cursor, begin), Characters(&cursor, begin + text.size()), &builder,
                  Json::input_format_t::json, /*strict=*/true,
                  /*ignore_comments=*/comments == Comments::passed_over);
  if (builder.failed()) return std::nullopt;
  return std::move(builder.root);
}

}  // namespace weft::host
