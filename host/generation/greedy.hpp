// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/graph/model.hpp"

namespace weft::host {

/// The input port at which a decoder reads the tokens that it goes on from.
/// @throws Error (bad_recipe) if the node cannot generate
std::string tokens_port(const Node& decoder);

/// Greedy decoding: y_t = argmax P(y_t | y_<t, R), token after token, until every row has written
/// the decoder's end token or has `length` tokens.
/// @param node    a decoder with the extension weft.autoregressive/1
/// @param values  holds the outputs that the decoder is wired to
/// @param batch   its tokens are not looked at, and may be missing
/// @return tokens [B, S] int64, S ≤ length, beginning with the begin token, padded after the end
/// @throws Error (bad_recipe) if the node cannot generate
Tensor generate_greedy(const Model& model, std::size_t node, const Values& values,
                       const TensorMap& batch, std::int64_t length);

}  // namespace weft::host
