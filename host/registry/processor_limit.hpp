// SPDX-License-Identifier: Apache-2.0
/// A bound on what code of plug-ins computes while a recipe is only looked at.

#pragma once

namespace weft::host {

/// From here on this process may use so many seconds of processor time. Then it ends with a
/// sentence that names the part it is in, and Exit::bad_recipe: what a part does while it is
/// created follows from numbers in its configuration.
void limit_processor_time(int seconds);

}  // namespace weft::host
