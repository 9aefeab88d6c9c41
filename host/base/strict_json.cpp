// SPDX-License-Identifier: Apache-2.0
#include "host/base/strict_json.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_max_depth = 16;
constexpr std::size_t k_max_shown = 100;

/// Watches the parser at work.
class Watch {
 public:
  bool operator()(int level, Json::parse_event_t event, const Json& value) {
    const auto depth = static_cast<std::size_t>(level);
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (depth >= k_max_depth)
          throw std::invalid_argument(concat("it is nested more than ", k_max_depth, " deep"));
        keys_.resize(depth + 2);
        keys_[depth + 1].clear();
        break;
      case Json::parse_event_t::key:
        if (!keys_[depth].insert(value.get<std::string>()).second)
          throw std::invalid_argument(
              concat("the key ", shown(value.get<std::string>()), " is given twice"));
        break;
      default: break;
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  // of the open objects, by depth
};

}  // namespace

nlohmann::json parse_strictly(std::string_view text) {
  try {
    Watch watch;
    return Json::parse(text, [&](int depth, Json::parse_event_t event, const Json& value) {
      return watch(depth, event, value);
    });
  } catch (const Json::parse_error& error) {
    throw std::invalid_argument(concat("it is not JSON from byte ", error.byte, " on"));
  } catch (const Json::exception&) {
    throw std::invalid_argument("it holds a number that is too large");
  }
}

std::string shown(std::string_view name) {
  const bool is_long = name.size() > k_max_shown;
  const Json text = std::string(name.substr(0, k_max_shown)) + (is_long ? "…" : "");
  return text.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weft::host
