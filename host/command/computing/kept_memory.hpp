// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace weft::host {

/// Has this process keep the memory that it frees, for the next step: what a step allocates is
/// otherwise given back and cleared by the system, page by page, each time. Leaves the C library as
/// it is where its variables (MALLOC_…_, GLIBC_TUNABLES) are set.
void keep_freed_memory();

}  // namespace weft::host
