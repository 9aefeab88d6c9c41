// SPDX-License-Identifier: Apache-2.0
// What the doubles share: the name of the one deed that the test asks for.
#pragma once

#include <cstdlib>
#include <cstring>

namespace {

/// Whether the environment asks for this deed.
bool does(const char* deed) {
  static const char* const asked = std::getenv("WEFT_TEST_DEED");
  return asked != nullptr && std::strcmp(asked, deed) == 0;
}

}  // namespace
