// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/metrics/rows_of_classes.hpp"

#include <nlohmann/json.hpp>

namespace weft::test {

Array matrix(const Json& lines) {
  std::vector<double> values;
  for (const Json& line : lines)
    for (const Json& value : line) values.push_back(value);
  return floats(values, {std::ssize(lines), std::ssize(lines[0])}, DType::float64);
}

std::map<std::string, double> measure_classes(const std::string& id, const std::string& config,
                                              const Json& data, std::int64_t batch) {
  const Array logits = matrix(data["logits"]);
  const Array target = ints(data["labels"].get<std::vector<std::int64_t>>(), {logits.sizes[0]});
  Part part(id, config, {}, DType::float64);
  for (std::int64_t first = 0; first < logits.sizes[0]; first += batch) {
    const std::int64_t count = std::min(batch, logits.sizes[0] - first);
    part.update(
        {{"logits", {rows(logits, first, count)}}, {"target", {rows(target, first, count)}}});
  }
  return part.compute();
}

}  // namespace weft::test
