// SPDX-License-Identifier: Apache-2.0
/// Whether the first example of a part has what the fields ask for: looked at before training
/// begins, so that a misspelt member does not end the last stage.

#pragma once

#include <string>
#include <vector>

#include "host/base/problems.hpp"
#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// All that its first example lacks, with the place of the field that asks for it:
/// `/data/qa/fields/answer`. If it lacks nothing, its row is made once, as for a batch. Nothing is
/// looked at where the part has no example, is streamed, or where bad samples may be set aside.
/// @param by  pointer to a value that it must have (EvaluationPlan::by), or empty
std::vector<Found> look_at_first_example(const Dataset& data, Split split,
                                         const std::string& by = "");

}  // namespace weft::host
