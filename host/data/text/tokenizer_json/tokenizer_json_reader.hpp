// SPDX-License-Identifier: Apache-2.0
/// The parts of read_tokenizer_json(). All of them throw JsonRefusal.

#pragma once

#include <vector>

#include "host/data/text/tokenizer_json/json_place.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

std::vector<NormaliserStep> normaliser_steps(const JsonPlace& place);
std::vector<SplitStep> split_steps(const JsonPlace& place);

/// @param byte_level  whether the last step of splitting is ByteLevel
SubwordOptions subword_options(const JsonPlace& place, bool byte_level);

/// Replace, ByteFallback, Fuse, Strip, Metaspace, or a Sequence of these.
std::vector<DecoderStep> decoder_steps(const JsonPlace& place);

/// The id of the token; nothing without one.
std::optional<std::int32_t> id_of_token(const std::vector<std::string>& tokens,
                                        const std::string& token);

/// What the post-processor puts before and after a text, into `before`, `after`, `begin`, `end`.
void read_template(const JsonPlace& place, TokenizerJson& tokenizer);

}  // namespace weft::host
