// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing_settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

namespace weft::host {
namespace {

bool is_any_set(std::initializer_list<const char*> variables) {
  return std::ranges::any_of(variables,
                             [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

ShortWaits::ShortWaits() : sets_(!is_any_set({"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})) {
  if (sets_) ::setenv("GOMP_SPINCOUNT", "1000", /*overwrite=*/1);
}

ShortWaits::~ShortWaits() {
  if (sets_) ::unsetenv("GOMP_SPINCOUNT");  // not for the commands that data may start
}

}  // namespace weft::host
