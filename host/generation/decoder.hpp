// SPDX-License-Identifier: Apache-2.0
/// Decoders that can write: parts with the extension weft.autoregressive/1.

#pragma once

#include <cstdint>
#include <string>

#include "host/generation/search.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// The input port at which a decoder reads the tokens that it goes on from.
/// @throws Error (bad_recipe) if the node cannot generate
std::string tokens_port(const Node& decoder);

/// The field of the batch at that port in a data section; empty where something else is wired.
std::string tokens_field(const Wiring& wiring, std::size_t node, const std::string& data);

/// The ids that begin, end and fill up its texts.
SpecialIds special_ids(const Node& decoder);

/// The logits of a decoder for texts of its own, at the last tokens.
/// @param values  holds the outputs that the decoder is wired to
/// @param batch   its tokens are not looked at, and may be missing
/// @param rows    of the batch
/// @param use_cache  whether a decoder with WEFT_INCREMENTAL is given new tokens only
LastLogits last_logits(const Model& model, std::size_t node, const Values& values,
                       const TensorMap& batch, std::int64_t rows, bool use_cache);

/// Texts as one array [N, S] int64, S the longest.
Array padded(const std::vector<Tokens>& texts, std::int64_t pad_id);

}  // namespace weft::host
