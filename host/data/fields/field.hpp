// SPDX-License-Identifier: Apache-2.0
/// What a data section will hand to a model, known from its JSON alone: `weft check` uses this
/// without opening a shard.

#pragma once

#include <string>
#include <vector>

#include "host/base/field_spec.hpp"
#include "host/data/fields/options.hpp"

namespace weft::host {

/// What one field of the recipe makes: itself, and those that come with it.
std::vector<FieldSpec> specs_of(const FieldOptions& field, std::int64_t vocabulary);

/// One entry for every field of a batch, mask fields (bool, true = real) included, in the order of
/// their names.
/// @param data_json  the data section of a resolved recipe
/// @param kept       as Dataset::open()
/// @throws Error (bad_recipe) naming the field and the key
std::vector<FieldSpec> field_specs(const std::string& data_json, const std::string& kept = "");

/// The same from the section's options, when the tokenizer is known.
/// @param vocabulary  its number of ids, 0 without one
std::vector<FieldSpec> field_specs(const DataOptions& options, std::int64_t vocabulary);

}  // namespace weft::host
