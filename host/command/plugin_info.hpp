// SPDX-License-Identifier: Apache-2.0
/// `weft plugin info`: what a part says of itself.

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/command/options.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// A part as schemas/manifest.schema.json describes it.
nlohmann::ordered_json part_document(const Part& part);

/// Prints the parts that the operand names. A part that is named by its id is created, so that its
/// ports can be shown; one of a file is not: no code of it runs.
void plugin_info(const Options& options);

}  // namespace weft::host
