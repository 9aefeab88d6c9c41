// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/metrics/texts.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

namespace weft::test {

Json cases_of(const std::string& name) {
  std::ifstream file(std::string(WEFT_SOURCE_DIR) + "/tests/data/metrics/" + name + ".json");
  return Json::parse(file);
}

}  // namespace weft::test
