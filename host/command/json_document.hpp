// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace weft::host {

/// A JSON document as --json prints it. Names of files may be any bytes: what is no UTF-8 becomes
/// U+FFFD instead of ending the verb. A number that is none is null.
std::string document_text(const nlohmann::ordered_json& document);

}  // namespace weft::host
