// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::host {

/// Trains a small model of three modalities, any of which a row may lack, on three ranks of this
/// machine and then on one, and compares the weights.
/// @param plugins  folders to look for parts in; empty: the usual ones
/// @return what was found, as one sentence
/// @throws Error (failed) where a process failed or the weights differ, (io) without room
std::string train_in_chaos(std::int64_t steps, const std::vector<std::string>& plugins);

}  // namespace weft::host
