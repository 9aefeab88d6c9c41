// SPDX-License-Identifier: Apache-2.0
#include "host/base/strict_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_max_shown = 100;

/// Receives the library's events and builds the tree. What does not hold is thrown.
template <class Json>
class Builder : public nlohmann::json_sax<Json> {
 public:
  using Base = nlohmann::json_sax<Json>;

  static constexpr bool k_is_ordered = std::is_same_v<Json, nlohmann::ordered_json>;

  explicit Builder(const JsonBounds& bounds) : bounds_(bounds) {}

  Json root;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(typename Base::number_integer_t value) override { return add(value); }
  bool number_unsigned(typename Base::number_unsigned_t value) override { return add(value); }
  bool number_float(typename Base::number_float_t value,
                    const typename Base::string_t& /*text*/) override {
    return add(bounds_.whole_as_integers ? Json(json_number(value)) : Json(value));
  }
  bool string(typename Base::string_t& value) override { return add(std::move(value)); }
  bool binary(typename Base::binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*elements*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(typename Base::string_t& key) override {
    Level& level = open_.back();
    if (open_.size() <= bounds_.unique_levels && is_known(level, key))
      throw std::invalid_argument(concat("the key ", shown(key), " is given twice"));
    level.key = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    constexpr int k_number_overflow = 406;
    if (error.id == k_number_overflow)
      throw std::invalid_argument("it holds a number that is too large");
    throw std::invalid_argument(concat("it is not JSON from byte ", position, " on"));
  }

 private:
  /// An object or a list that has not ended.
  struct Level {
    Json* value;
    std::string key;             // of the member that comes next
    std::set<std::string> keys;  // those up to now, of an object that keeps them in their order
  };

  static bool is_known(Level& level, const std::string& key) {
    // An ordered object searches all of its members for a key.
    if constexpr (k_is_ordered) return !level.keys.insert(key).second;
    return level.value->contains(key);
  }

  /// Its place stays while it is open: only the innermost one grows.
  Json* place(Json value) {
    if (open_.empty()) return &(root = std::move(value));
    Level& level = open_.back();
    if (level.value->is_array()) {
      level.value->push_back(std::move(value));
      return &level.value->back();
    }
    auto& members = level.value->template get_ref<typename Json::object_t&>();
    if constexpr (k_is_ordered) {
      members.push_back({level.key, std::move(value)});
      return &members.back().second;
    } else {
      return &members.insert_or_assign(level.key, std::move(value)).first->second;
    }
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (open_.size() == bounds_.depth)
      throw std::invalid_argument(concat("it is nested more than ", bounds_.depth, " deep"));
    open_.push_back({place(std::move(value)), {}, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonBounds bounds_;
  std::vector<Level> open_;
};

template <class Json>
Json parse(std::string_view text, const JsonBounds& bounds) {
  // The library would take a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    throw std::invalid_argument(concat("it is not JSON from byte ", zero + 1, " on"));
  Builder<Json> builder(bounds);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder.root);
}

}  // namespace

nlohmann::json parse_strictly(std::string_view text, const JsonBounds& bounds) {
  return parse<nlohmann::json>(text, bounds);
}

nlohmann::ordered_json parse_in_order(std::string_view text, std::size_t depth) {
  return parse<nlohmann::ordered_json>(text, {depth, SIZE_MAX});
}

nlohmann::json json_number(double value) {
  constexpr double k_least = -0x1p63, k_too_much = 0x1p64;
  if (value != std::floor(value) || value < k_least || value >= k_too_much) return value;
  if (value < 0) return static_cast<std::int64_t>(value);
  return static_cast<std::uint64_t>(value);
}

std::string shown(std::string_view name) {
  const bool is_long = name.size() > k_max_shown;
  const nlohmann::json text = std::string(name.substr(0, k_max_shown)) + (is_long ? "…" : "");
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace weft::host
