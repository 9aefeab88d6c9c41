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

PassiveWaits::PassiveWaits() : sets_(!is_any_set({"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})) {
  if (sets_) ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
}

PassiveWaits::~PassiveWaits() {
  if (sets_) ::unsetenv("OMP_WAIT_POLICY");  // not for the commands that data may start
}

}  // namespace weft::host
