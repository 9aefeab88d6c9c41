// SPDX-License-Identifier: Apache-2.0
/// A tokenizer's file: a SentencePiece model or a tokenizer.json, told apart by its first byte.

#pragma once

#include <cstdint>
#include <string>

namespace weft::host {

/// @throws Error (no_input) when there is no such file; (bad_data) when it is larger than
///         k_largest_tokenizer; (io) when it cannot be read to its end
std::string read_tokenizer_file(const std::string& path);

/// How many ids the tokenizer has, from its file alone: what it needs to encode is not made.
/// @throws Error as above; (bad_data) when the file is refused
std::int64_t tokenizer_file_vocabulary(const std::string& path);

}  // namespace weft::host
