// SPDX-License-Identifier: Apache-2.0
/// What frames say that were trained by connectionist temporal classification (CTC).

#pragma once

#include <cstdint>

#include "host/base/array.hpp"
#include "host/generation/processors.hpp"

namespace weft::host {

/// Best-path decoding: the most likely class of each frame, equal neighbours joined, blanks taken
/// away (Graves et al. 2006, doi:10.1145/1143844.1143891, §3.2).
/// @param logits  [B, T, V] float32
/// @param mask    [B, T] bool, which frames there are; without bytes: all
/// @return the tokens of each row
std::vector<Tokens> best_paths(const Array& logits, const Array& mask, std::int64_t blank);

}  // namespace weft::host
