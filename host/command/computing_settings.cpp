// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing_settings.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <limits>

namespace weft::host {
namespace {

bool is_any_set(std::initializer_list<const char*> variables) {
  return std::ranges::any_of(variables,
                             [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

void keep_freed_memory() {
  if (is_any_set({"MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_",
                  "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"}))
    return;
  ::mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TRIM_THRESHOLD, -1);  // never
  ::mallopt(M_TOP_PAD, 64 << 20);
}

PassiveWaits::PassiveWaits() : sets_(!is_any_set({"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"})) {
  if (sets_) ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
}

PassiveWaits::~PassiveWaits() {
  if (sets_) ::unsetenv("OMP_WAIT_POLICY");  // not for the commands that data may start
}

}  // namespace weft::host
