// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/catalogue.hpp"

namespace weft::host {

std::vector<Test> gradient_tests() {
  return {};
}

}  // namespace weft::host
