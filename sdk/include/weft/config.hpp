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

  /// The values of a flat JSON object, still as text: enough for what Fields can declare.
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

   private:
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
        if (c == '[' || c == '{') ++depth;
        if (depth == 0 && (c == ',' || c == '}')) break;
        if (c == ']' || c == '}') --depth;
      }
      std::string_view found = text_.substr(start, at_ - start);
      while (!found.empty() && static_cast<unsigned char>(found.back()) <= ' ')
        found.remove_suffix(1);
      return std::string(found);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::map<std::string, std::string> values_;
  };

  }  // namespace detail

  /// Visits the fields of a Config. The value that a member has when it is added is its default.
  class Fields {
   public:
    /// Restricts the field that add() returned it for.
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

     private:
      friend class Fields;
      explicit Field(std::string* schema) : schema_(schema) {}
      Field& restrict(const char* keyword, const std::string& value) {
        if (schema_ != nullptr)
          schema_->insert(schema_->size() - 1, "," + detail::quote(keyword) + ":" + value);
        return *this;
      }
      std::string* schema_;  // "{…}" of this field, or null while reading
    };

    /// Collects the JSON Schema.
    Fields() = default;
    /// Reads values.
    explicit Fields(std::string_view json) : reading_(true), json_(json) {}

    Field add(const std::string& name, std::int64_t& value, std::string_view doc) {
      if (const std::string* given = find(name)) value = std::strtoll(given->c_str(), nullptr, 10);
      return declare(name, "integer", std::to_string(value), doc);
    }
    Field add(const std::string& name, double& value, std::string_view doc) {
      if (const std::string* given = find(name)) value = detail::number_in(*given);
      return declare(name, "number", detail::number(value), doc);
    }
    Field add(const std::string& name, bool& value, std::string_view doc) {
      if (const std::string* given = find(name)) value = *given == "true";
      return declare(name, "boolean", value ? "true" : "false", doc);
    }
    Field add(const std::string& name, std::string& value, std::string_view doc) {
      if (const std::string* given = find(name)) value = *given;
      return declare(name, "string", detail::quote(value), doc);
    }

    /// The schema of the whole configuration.
    std::string schema() const {
      std::string properties;
      for (const auto& [name, field] : fields_)
        properties += (properties.empty() ? "" : ",") + detail::quote(name) + ":" + field;
      return R"({"type":"object","additionalProperties":false,"properties":{)" + properties + "}}";
    }

   private:
    const std::string* find(const std::string& name) const {
      return reading_ ? json_.find(name) : nullptr;
    }
    Field declare(const std::string& name, const char* type, const std::string& standard,
                  std::string_view doc) {
      if (reading_) return Field(nullptr);
      fields_[name] = R"({"type":")" + std::string(type) + R"(","default":)" + standard +
                      R"(,"description":)" + detail::quote(doc) + "}";
      return Field(&fields_[name]);
    }

    bool reading_ = false;
    detail::FlatJson json_{"{}"};
    std::map<std::string, std::string> fields_;
  };

}  // namespace weft
