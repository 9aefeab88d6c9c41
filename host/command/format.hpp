// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/command/options.hpp"

namespace weft::host {

/// `weft migrate FILE…`, which `weft check --fix` does too.
void migrate_recipes(const Options& options);

}  // namespace weft::host
