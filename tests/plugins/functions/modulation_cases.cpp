// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/functions/modulation_cases.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"

namespace weft::test {

const nlohmann::json& cases(const std::string& name) {
  static const auto all =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/modulation.json"));
  return all.at(name);
}

namespace {

void add_numbers(const nlohmann::json& json, std::vector<double>& values) {
  if (!json.is_array()) return values.push_back(json.get<double>());
  for (const nlohmann::json& inner : json) add_numbers(inner, values);
}

}  // namespace

Array array_of(const nlohmann::json& json) {
  std::vector<double> values;
  add_numbers(json, values);
  std::vector<std::int64_t> sizes;
  for (const nlohmann::json* level = &json; level->is_array(); level = &level->front())
    sizes.push_back(static_cast<std::int64_t>(level->size()));
  return floats(values, sizes, f64);
}

Array labels(const nlohmann::json& json) {
  return ints(json.get<std::vector<std::int64_t>>(), {static_cast<std::int64_t>(json.size())});
}

Array one_group(const nlohmann::json& gram) {
  return array_of(nlohmann::json::array({gram}));
}

Array summed(const Array& scale, const nlohmann::json& vectors) {
  std::vector<double> sum(vectors.at(0).size(), 0.0);
  for (std::size_t t = 0; t < vectors.size(); ++t)
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += element(scale, static_cast<std::int64_t>(t)) * vectors[t][i].get<double>();
  return floats(sum, {static_cast<std::int64_t>(sum.size())}, f64);
}

}  // namespace weft::test
