// SPDX-License-Identifier: Apache-2.0
/// A tokenizer's file: a SentencePiece model or a tokenizer.json, told apart by its first byte.

#pragma once

#include <cstdint>
#include <string>

#include "host/base/field_spec.hpp"
#include "host/data/text/tokenizer_training.hpp"

namespace weft::host {

/// @throws Error (no_input) when there is no such file; (bad_data) when it is larger than
///         k_largest_tokenizer; (io) when it cannot be read to its end
std::string read_tokenizer_file(const std::string& path);

/// What a recipe's parts have to know of a tokenizer.
struct TokenizerSummary {
  std::int64_t vocabulary = 0;  ///< how many ids it has
  SpecialIds special;
};

/// From the file alone: what it needs to encode is not made.
/// @throws Error as above; (bad_data) when the file is refused
TokenizerSummary summary_of_file(const std::string& path);

/// Of a tokenizer that is still to be learned.
TokenizerSummary summary_of_training(const TokenizerTraining& training);

}  // namespace weft::host
