// SPDX-License-Identifier: Apache-2.0
/// The logits of texts of which most was computed before: a decoder with WEFT_INCREMENTAL is given
/// the tokens that are new.

#pragma once

#include <functional>
#include <vector>

#include "host/engine/caches.hpp"
#include "host/generation/search.hpp"

namespace weft::host {

/// The logits [N, n, V] float32 of N rows of tokens, n the most in a row, in one call of a decoder.
/// @param rows    for each the row of the batch that it is of
/// @param caches  what the tokens go on with; null: they are whole texts
using TokenLogits = std::function<Array(const std::vector<Tokens>& tokens,
                                        const std::vector<std::size_t>& rows, Caches* caches)>;

/// Finds by itself which of the texts of the call before each text goes on with, so that it may be
/// asked for any texts: beams that are reordered, texts that are cut off, other ones.
LastLogits cached_logits(std::vector<CacheSpec> specs, TokenLogits logits);

/// The logits [N, n, V] at the last n tokens of each row, of the logits [N, S, V] of all of them.
Array at_end(const Array& logits, const std::vector<Tokens>& texts, std::int64_t n);

}  // namespace weft::host
