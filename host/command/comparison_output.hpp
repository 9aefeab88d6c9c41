// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/report/comparison.hpp"

namespace weft::host {

/// A comparison as tables for a terminal.
std::string comparison_text(const std::vector<RunGroup>& groups,
                            const std::vector<ComparedGroup>& compared);
/// As a JSON document.
nlohmann::ordered_json comparison_json(const std::vector<RunGroup>& groups,
                                       const std::vector<ComparedGroup>& compared);
/// As a page in one file.
std::string comparison_page(const std::vector<RunGroup>& groups,
                            const std::vector<ComparedGroup>& compared);

}  // namespace weft::host
