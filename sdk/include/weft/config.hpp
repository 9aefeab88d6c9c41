// SPDX-License-Identifier: Apache-2.0
/// A part's configuration: declared once, in `Config::describe`, and from that read, checked and
/// published as a JSON Schema (draft 2020-12). The host validates against the schema and fills in
/// defaults before the part is created.

#pragma once

#include <weft/tensor.hpp>

#include <charconv>
#include <cstdlib>
#include <locale>
#include <map>
#include <sstream>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// `text` as a JSON string.
  inline std::string quote(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
      const auto code = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') quoted += '\\';
      if (code >= 0x20)
        quoted += c;
      else
        quoted +=
            std::string("\\u00") + "0123456789abcdef"[code >> 4] + "0123456789abcdef"[code & 15];
    }
    return quoted + '"';
  }

  inline std::string number(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return std::string(text, end);
  }

  /// The number that a JSON text holds, whatever the process's locale. Not std::from_chars, which
  /// libc++ has for floating-point numbers only since LLVM 20.
  inline double number_in(const std::string& text) {
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    double value = 0.0;
    stream >> value;
    return value;
  }

  /// The values of a JSON object, or the items of a JSON list, still as text. The host has checked
  /// them against the schema before.
  class FlatJson {
   public:
    explicit FlatJson(std::string_view text) : text_(text) {
      expect('{');
      if (peek() == '}') return;
      do {
        const std::string key = string();
        expect(':');
        values_[key] = value();
      } while (accept(','));
      expect('}');
    }
    const std::string* find(const std::string& key) const {
      const auto found = values_.find(key);
      return found == values_.end() ? nullptr : &found->second;
    }

    /// The items of the list that `text` holds.
    static std::vector<std::string> items(std::string_view text) {
      FlatJson json;
      json.text_ = text;
      std::vector<std::string> items;
      json.expect('[');
      if (json.peek() == ']') return items;
      do items.push_back(json.value());
      while (json.accept(','));
      json.expect(']');
      return items;
    }

   private:
    FlatJson() = default;

    char peek() {
      while (at_ < text_.size() &&
             std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
        ++at_;
      return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool accept(char c) {
      if (peek() != c) return false;
      ++at_;
      return true;
    }
    void expect(char c) {
      if (!accept(c))
        throw Error(WEFT_INVALID, std::string("configuration: expected '") + c + "' at byte " +
                                      std::to_string(at_));
    }
    std::string string() {
      expect('"');
      std::string value;
      while (at_ < text_.size() && text_[at_] != '"') {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
          ++at_;
          value += escaped();
        } else {
          value += text_[at_++];
        }
      }
      expect('"');
      return value;
    }
    /// What the escape at the present place stands for, in UTF-8.
    std::string escaped() {
      const char c = text_[at_++];
      if (const auto known = std::string_view("nrtbf").find(c); known != std::string_view::npos)
        return std::string(1, "\n\r\t\b\f"[known]);
      if (c != 'u') return std::string(1, c);
      const std::string digits(text_.substr(at_, 4));
      const unsigned long code = std::strtoul(digits.c_str(), nullptr, 16);
      at_ += digits.size();
      // The host writes characters beyond ASCII as they are, so that pairs of surrogates never
      // come.
      if (code < 0x80) return std::string(1, static_cast<char>(code));
      if (code < 0x800)
        return {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3f))};
      return {static_cast<char>(0xe0 | (code >> 12)),
              static_cast<char>(0x80 | ((code >> 6) & 0x3f)),
              static_cast<char>(0x80 | (code & 0x3f))};
    }
    /// A string without its quotes, or the text of anything else.
    std::string value() {
      if (peek() == '"') return string();
      const std::size_t start = at_;
      int depth = 0;
      for (; at_ < text_.size(); ++at_) {
        const char c = text_[at_];
        if (c == '"') pass_string();
        if (c == '[' || c == '{') ++depth;
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == ']' || c == '}') --depth;
      }
      std::string_view found = text_.substr(start, at_ - start);
      while (!found.empty() && static_cast<unsigned char>(found.back()) <= ' ')
        found.remove_suffix(1);
      return std::string(found);
    }

    /// Goes on to the quote that ends the string which begins here.
    void pass_string() {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
        if (text_[at_] == '\\') ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::map<std::string, std::string> values_;
  };

  /// How a member of a Config becomes JSON and is read from it; see below for each type.
  template <class T>
  struct JsonOf;

  }  // namespace detail

  /// Visits the fields of a Config. The value that a member has when it is added is its default. A
  /// member is a number, a text, a struct that has `void describe(Fields&)` itself, or a
  /// std::vector of these:
  ///
  ///   struct Stage {
  ///     std::int64_t channels = 64;
  ///     void describe(Fields& fields) { fields.add("channels", channels, "Channels.").at_least(1);
  ///     }
  ///   };
  ///   std::vector<Stage> stages{{32}, {64}};
  ///   fields.add("stages", stages, "One after the other.").length(1, 8);
  class Fields {
   public:
    /// Restricts the field that add() returned it for; in a list, each of its items.
    class Field {
     public:
      Field& at_least(double low) { return restrict("minimum", detail::number(low)); }
      Field& above(double low) { return restrict("exclusiveMinimum", detail::number(low)); }
      Field& at_most(double high) { return restrict("maximum", detail::number(high)); }
      Field& below(double high) { return restrict("exclusiveMaximum", detail::number(high)); }
      Field& one_of(const std::vector<std::string>& words) {
        std::string list;
        for (const std::string& word : words)
          list += (list.empty() ? "" : ",") + detail::quote(word);
        return restrict("enum", "[" + list + "]");
      }
      /// How many items a list has.
      Field& length(std::int64_t least, std::int64_t most) {
        if (schema_ != nullptr)
          schema_->insert(1, "\"minItems\":" + std::to_string(least) +
                                 ",\"maxItems\":" + std::to_string(most) + ",");
        return *this;
      }

      /// Where the recipe is silent, the size along `axis` (0 is the batch) of what is wired to the
      /// input port: the largest, where there are several wires or data sections. The member's own
      /// default stands where nothing is known of it.
      Field& from_wire(std::string_view port, int axis) {
        return follow(port, "\"axis\":" + std::to_string(axis));
      }
      /// The same for the number of classes, or the size of the vocabulary, of the field that is
      /// wired to the input port.
      Field& from_classes(std::string_view port) { return follow(port, "\"classes\":true"); }

     private:
      friend class Fields;
      Field(std::string* schema, std::size_t lists) : schema_(schema), lists_(lists) {}
      /// Below "$defs", since hosts of ABI 0.9 refuse a keyword that they do not know.
      Field& follow(std::string_view port, const std::string& what) {
        return restrict("$defs", R"({"x-from":{"port":)" + detail::quote(port) + "," + what + "}}");
      }
      Field& restrict(const char* keyword, const std::string& value) {
        if (schema_ != nullptr)
          schema_->insert(schema_->size() - 1 - lists_, "," + detail::quote(keyword) + ":" + value);
        return *this;
      }
      std::string* schema_;  // "{…}" of this field, or null while reading
      std::size_t lists_;    // how many lists it is in: the schema of an item ends before so many }
    };

    /// Collects the JSON Schema.
    Fields() = default;
    /// Reads values.
    explicit Fields(std::string_view json) : reading_(true), json_(json) {}

    template <class T>
    Field add(const std::string& name, T& value, std::string_view doc) {
      using Json = detail::JsonOf<T>;
      if (reading_) {
        if (const std::string* given = json_.find(name)) Json::read(*given, value);
        return {nullptr, 0};
      }
      // Of a list, what an item must be comes last, so that restrictions find it.
      const std::string text = Json::text(value);
      fields_[name] = {"{\"type\":" + detail::quote(Json::type) +
                           ",\"default\":" + Json::standard(text) +
                           ",\"description\":" + detail::quote(doc) + Json::content(value) + "}",
                       text};
      return {&fields_[name].schema, Json::lists};
    }

    /// The schema of the whole configuration.
    std::string schema() const { return "{\"type\":\"object\"" + content() + "}"; }
    /// What a schema says of an object beside its type.
    std::string content() const {
      std::string properties;
      for (const auto& [name, field] : fields_)
        properties += (properties.empty() ? "" : ",") + detail::quote(name) + ":" + field.schema;
      return ",\"additionalProperties\":false,\"properties\":{" + properties + "}";
    }
    /// The values themselves, as a JSON object.
    std::string values() const {
      std::string members;
      for (const auto& [name, field] : fields_)
        members += (members.empty() ? "" : ",") + detail::quote(name) + ":" + field.value;
      return "{" + members + "}";
    }

   private:
    struct Described {
      std::string schema, value;
    };
    bool reading_ = false;
    detail::FlatJson json_{"{}"};
    std::map<std::string, Described> fields_;
  };

  namespace detail {

  /// A value that stands for itself.
  struct JsonScalar {
    static constexpr std::size_t lists = 0;
    static std::string standard(const std::string& text) { return text; }
    template <class T>
    static std::string content(const T&) {
      return "";
    }
  };
  template <>
  struct JsonOf<std::int64_t> : JsonScalar {
    static constexpr const char* type = "integer";
    static std::string text(std::int64_t value) { return std::to_string(value); }
    static void read(const std::string& text, std::int64_t& value) {
      value = std::strtoll(text.c_str(), nullptr, 10);
    }
  };
  template <>
  struct JsonOf<double> : JsonScalar {
    static constexpr const char* type = "number";
    static std::string text(double value) { return number(value); }
    static void read(const std::string& text, double& value) { value = number_in(text); }
  };
  template <>
  struct JsonOf<bool> : JsonScalar {
    static constexpr const char* type = "boolean";
    static std::string text(bool value) { return value ? "true" : "false"; }
    static void read(const std::string& text, bool& value) { value = text == "true"; }
  };
  template <>
  struct JsonOf<std::string> : JsonScalar {
    static constexpr const char* type = "string";
    static std::string text(const std::string& value) { return quote(value); }
    static void read(const std::string& text, std::string& value) { value = text; }
  };

  /// A struct with describe().
  template <class T>
  struct JsonOf {
    static constexpr const char* type = "object";
    static constexpr std::size_t lists = 0;
    static Fields described(T object) {
      Fields fields;
      object.describe(fields);
      return fields;
    }
    static std::string text(const T& object) { return described(object).values(); }
    /// The host fills in the members, each with its own default.
    static std::string standard(const std::string&) { return "{}"; }
    static std::string content(const T& object) { return described(object).content(); }
    static void read(const std::string& text, T& object) {
      Fields fields(text);
      object.describe(fields);
    }
  };

  template <class Item>
  struct JsonOf<std::vector<Item>> {
    static constexpr const char* type = "array";
    static constexpr std::size_t lists = JsonOf<Item>::lists + 1;
    static std::string text(const std::vector<Item>& list) {
      std::string items;
      for (const Item& item : list) items += (items.empty() ? "" : ",") + JsonOf<Item>::text(item);
      return "[" + items + "]";
    }
    static std::string standard(const std::string& text) { return text; }
    static std::string content(const std::vector<Item>&) {
      return std::string(",\"items\":{\"type\":\"") + JsonOf<Item>::type + "\"" +
             JsonOf<Item>::content(Item()) + "}";
    }
    static void read(const std::string& text, std::vector<Item>& list) {
      list.clear();
      for (const std::string& given : FlatJson::items(text)) {
        Item item{};
        JsonOf<Item>::read(given, item);
        list.push_back(std::move(item));
      }
    }
  };

  }  // namespace detail

}  // namespace weft
