// SPDX-License-Identifier: Apache-2.0
#include "host/command/json_document.hpp"

#include <nlohmann/json.hpp>

namespace weft::host {

std::string document_text(const nlohmann::ordered_json& document) {
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weft::host
