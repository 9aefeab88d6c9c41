// SPDX-License-Identifier: Apache-2.0
/// Examples that the user describes field by field.

#pragma once

#include <string>

#include "host/command/options.hpp"
#include "host/session/prediction.hpp"

namespace weft::host {

/// Gives the example a field: the value itself, or where the field is a picture, a recording or a
/// video the bytes of the file that the value names.
/// @throws Error (no_input) for a file that cannot be read
void give_field(const Predictor& predictor, const std::string& name, const std::string& value,
                GivenExample& example);

/// The example that --field NAME=VALUE describes, with the key "input".
GivenExample example_of(const Options& options, const Predictor& predictor);

}  // namespace weft::host
