// SPDX-License-Identifier: Apache-2.0
/// Ids of a tokenizer in the configuration of a part that reads texts.

#pragma once

#include <functional>
#include <map>
#include <string>

#include "host/base/field_spec.hpp"

namespace weft::host {

/// The configuration with `begin_id`, `end_id`, `pad_id` and `unknown_id` of the tokenizer, where
/// the part's schema has these keys and the recipe is silent: a default is right for one tokenizer
/// only. What the tokenizer lacks becomes -1, and is a problem where the schema allows no -1.
/// @param config   a JSON object; anything else comes back as it is
/// @param texts    the ids of the text that the part reads, by data section
/// @param problem  gets a key's name and a sentence where the tokenizer lacks the token or the
///                 sections disagree
std::string with_token_ids(
    const std::string& config, const std::string& schema,
    const std::map<std::string, SpecialIds>& texts,
    const std::function<void(const std::string& key, const std::string& text)>& problem);

}  // namespace weft::host
