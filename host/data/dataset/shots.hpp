// SPDX-License-Identifier: Apache-2.0
/// Examples of the training part that a text field shows before its text (few-shot).

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "host/data/dataset/content.hpp"

namespace weft::host {

/// The field's shots where it is a text that has some, else null.
const ShotOptions* shots_of(const FieldOptions& field);

/// Whether one of the fields shows examples.
bool shows_examples(const DataOptions& options);

/// `count` examples of the training part, each laid out by the template, one behind the other: none
/// twice, none of the text's own sample, and none of its group. Which they are follows from the
/// seed and the text, and in training from the step as well.
/// @param example  of the text, with the values of the field
/// @param origin   in training: seed, epoch and offset
/// @throws Error (bad_data) where there are too few, or where one lacks a value of the template
std::string drawn_shots(const Dataset::Content& content, const FieldOptions& field,
                        const Example& example,
                        const std::optional<std::array<std::uint64_t, 3>>& origin);

/// @throws Error (bad_recipe) where the training part has fewer examples than a field is to show
void require_shots(const Dataset::Content& content);

}  // namespace weft::host
