// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/kept_memory.hpp"

#include <malloc.h>

#include <cstdlib>
#include <initializer_list>
#include <limits>

namespace weft::host {

void keep_freed_memory() {
  for (const char* name : {"MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_",
                           "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"})
    if (std::getenv(name) != nullptr) return;
  ::mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TRIM_THRESHOLD, -1);  // never
  ::mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace weft::host
