// SPDX-License-Identifier: Apache-2.0
/// Texts on the wires of metrics: UTF-8 bytes and a mask, as <weft/text.hpp> says.

#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/data/batch/batch.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/generation/constraints.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// The text fields whose texts any of the metrics reads as batch.FIELD_text.
std::vector<std::string> texts_read(const Wiring& wiring, const std::vector<std::size_t>& metrics,
                                    const Dataset& data);

/// uint8 and bool [B, L], L the length of the longest in bytes, at least 1.
std::pair<Tensor, Tensor> text_tensors(const std::vector<std::string>& texts);

/// Adds FIELD_text and FIELD_text_mask of all texts of the batch.
void add_texts(const Batch& batch, TensorMap& tensors);

/// Turns a section's tokens into text; null where it has no tokenizer.
std::function<std::string(const std::vector<std::int64_t>&)> decoder_of(const Dataset& data);

/// The constraints of what is written into the section.
Constraints constraints_for(const Dataset& data);

/// @throws Error (bad_recipe) if the section has no tokenizer, so that nothing is written as text
void require_tokenizer(const Dataset& data);

}  // namespace weft::host
