// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/command/options.hpp"

namespace weft::host {

/// `weft convert FOLDER`: a community's model as weights that a recipe starts from, and back.
void convert(const Options& options);

}  // namespace weft::host
