// SPDX-License-Identifier: Apache-2.0
/// Which entry of a plug-in is running, written where it outlives the process.

#pragma once

#include <array>

namespace weft::host {

using Stage = std::array<char, 64>;

/// Where now_in() writes: memory that the examiner of a dying process can still read.
void write_stage_to(Stage* shared);

/// Says that the entry of this name is about to run; "" afterwards. Fit for one thread.
void now_in(const char* entry);

}  // namespace weft::host
