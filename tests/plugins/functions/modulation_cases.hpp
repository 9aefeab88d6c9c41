// SPDX-License-Identifier: Apache-2.0
/// Reads tests/reference/modulation.json: what functions that scale gradients should give.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tests/support/component.hpp"

namespace weft::test {

constexpr DType f64 = DType::float64;

const nlohmann::json& cases(const std::string& name);

/// A list or a table of numbers.
Array array_of(const nlohmann::json& json);

Array labels(const nlohmann::json& json);

/// [1, T, T] of a table.
Array one_group(const nlohmann::json& gram);

/// Σ_t scale_t g_t
Array summed(const Array& scale, const nlohmann::json& vectors);

}  // namespace weft::test
