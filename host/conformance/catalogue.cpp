// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/catalogue.hpp"

namespace weft::host {

std::vector<Test> catalogue() {
  std::vector<Test> all;
  for (const auto tests : {file_tests, life_cycle_tests, call_tests, row_tests, demand_tests,
                           gradient_tests, step_tests, cache_tests, stress_tests}) {
    const std::vector<Test> level = tests();
    all.insert(all.end(), level.begin(), level.end());
  }
  return all;
}

}  // namespace weft::host
