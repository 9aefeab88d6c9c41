// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/base/error.hpp"

namespace weft::host {

/// The exit code where memory, open files or threads do not suffice (EX_OSERR of sysexits.h).
constexpr Exit k_no_resources{71};

}  // namespace weft::host
