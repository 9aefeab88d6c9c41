// SPDX-License-Identifier: Apache-2.0
/// Weights over the tokens of a sample, drawn over what the tokens were made of.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// Which of `count` tokens of a field a row has; all of them where the field has no mask of as
/// many.
std::vector<bool> real_tokens(const Dataset& data, const Batch& batch, std::int64_t row,
                              const std::string& field, std::int64_t count);

/// Weights from 0, the largest drawn strongest: over the patches of a picture, behind the tokens of
/// a text, and else as a strip from the first token to the last.
/// @param label  says what is drawn, for those who cannot see it; text
std::string map_picture(const Dataset& data, const Batch& batch, std::int64_t row,
                        const std::string& field, const std::vector<double>& weights,
                        const std::string& label);

}  // namespace weft::host
