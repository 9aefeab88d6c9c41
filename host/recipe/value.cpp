// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weft::host {
namespace {

void append_text(const std::string& text, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    } else {
      out += c;
    }
  }
  out += '"';
}

/// The shortest text that reads back as the same number; always recognisable as a real.
std::string real_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

/// Writes JSON; with `indent` over several lines.
class Writer {
 public:
  explicit Writer(bool indent) : indent_(indent) {}

  void write(const Value& value, std::size_t level) {
    if (const auto* list = value.list()) return write_list(*list, level);
    if (const auto* object = value.object()) return write_object(*object, level);
    if (const auto* text = value.text()) return append_text(*text, out);
    if (const auto* boolean = value.boolean()) {
      out += *boolean ? "true" : "false";
    } else if (const auto* integer = value.integer()) {
      out += std::to_string(*integer);
    } else {
      out += value.is_null() ? "null" : real_text(value.number());
    }
  }

  std::string out;

 private:
  void write_list(const Value::List& list, std::size_t level) {
    const bool on_one_line = std::all_of(list.begin(), list.end(), [](const Value& item) {
      return item.list() == nullptr && item.object() == nullptr;
    });
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += indent_ && on_one_line ? ", " : ",";
      if (!on_one_line) new_line(level + 1);
      write(list[i], level + 1);
    }
    if (!on_one_line) new_line(level);
    out += ']';
  }

  void write_object(const Value::Object& object, std::size_t level) {
    out += '{';
    for (std::size_t i = 0; i < object.size(); ++i) {
      if (i > 0) out += ',';
      new_line(level + 1);
      append_text(object[i].key, out);
      out += indent_ ? ": " : ":";
      write(object[i].value, level + 1);
    }
    if (!object.empty()) new_line(level);
    out += '}';
  }

  void new_line(std::size_t level) {
    if (indent_) out.append("\n").append(2 * level, ' ');
  }

  bool indent_;
};

/// Calls `visit(value, pointer)` for `value` and all inside it.
template <class Visit>
void for_each_value(const Value& value, const std::string& pointer, const Visit& visit) {
  visit(value, pointer);
  for (std::size_t i = 0; i < value.items().size(); ++i)
    for_each_value(value.items()[i], child(pointer, i), visit);
  for (const Member& member : value.members())
    for_each_value(member.value, child(pointer, member.key), visit);
}

}  // namespace

Place place_at(const Origin& origin, const std::string& pointer) {
  return {pointer, origin.file ? *origin.file : "", origin.line, origin.column};
}

double Value::number() const {
  if (const auto* whole = integer()) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(&data);
  return real == nullptr ? 0.0 : *real;
}

const Value::List& Value::items() const {
  static const List none;
  return list() == nullptr ? none : *list();
}

const Value::Object& Value::members() const {
  static const Object none;
  return object() == nullptr ? none : *object();
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members())
    if (member.key == key) return &member.value;
  return nullptr;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

void Value::set(const std::string& key, Value value) {
  if (Value* known = find(key)) {
    *known = std::move(value);
  } else {
    object()->push_back({key, std::move(value)});
  }
}

void Value::erase(std::string_view key) {
  std::erase_if(*object(), [&](const Member& member) { return member.key == key; });
}

std::vector<std::string> keys(const Value& object) {
  std::vector<std::string> keys;
  for (const Member& member : object.members()) keys.push_back(member.key);
  return keys;
}

std::size_t depth(const Value& value) {
  if (value.list() == nullptr && value.object() == nullptr) return 0;
  std::size_t deepest = 0;
  for (const Value& item : value.items()) deepest = std::max(deepest, depth(item));
  for (const Member& member : value.members()) deepest = std::max(deepest, depth(member.value));
  return deepest + 1;
}

std::size_t count(const Value& value) {
  std::size_t total = 1;
  for (const Value& item : value.items()) total += count(item);
  for (const Member& member : value.members()) total += count(member.value);
  return total;
}

std::string child(const std::string& pointer, std::string_view key) {
  std::string result = pointer + '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string child(const std::string& pointer, std::size_t index) {
  return pointer + '/' + std::to_string(index);
}

std::vector<std::string> segments(std::string_view pointer) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      keys.emplace_back();
    } else if (pointer[i] == '~' && i + 1 < pointer.size() && !keys.empty()) {
      keys.back() += pointer[++i] == '1' ? '/' : '~';
    } else if (!keys.empty()) {
      keys.back() += pointer[i];
    }
  }
  return keys;
}

std::map<std::string, Place> places(const Value& value) {
  std::map<std::string, Place> result;
  for_each_value(value, "", [&](const Value& inner, const std::string& pointer) {
    result[pointer] = place_at(inner.origin, pointer);
    result[pointer].is_default = inner.is_default;
  });
  return result;
}

std::map<std::string, Place> key_places(const Value& value) {
  std::map<std::string, Place> result;
  for_each_value(value, "", [&](const Value& inner, const std::string& pointer) {
    if (inner.used_at.file) result[pointer] = place_at(inner.used_at, pointer);
  });
  return result;
}

std::string compact(const Value& value) {
  Writer writer(/*indent=*/false);
  writer.write(value, 0);
  return std::move(writer.out);
}

std::string pretty(const Value& value) {
  Writer writer(/*indent=*/true);
  writer.write(value, 0);
  return std::move(writer.out) + "\n";
}

}  // namespace weft::host
