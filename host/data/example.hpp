// SPDX-License-Identifier: Apache-2.0
/// From samples to examples: a sample's JSON, or each entry of a list inside it, with the values
/// that the fields and the tokenizer ask for.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/data/options.hpp"
#include "host/data/shard.hpp"

namespace weft::host {

using Shards = std::vector<std::shared_ptr<const Shard>>;

struct Example {
  std::size_t shard = 0, sample = 0;          ///< where its media members are
  std::string key;                            ///< KEY, or KEY#3 for the list's entry 3
  std::string place;                          ///< `digits-000.tar, sample KEY#3`, for messages
  std::string json;                           ///< the sample's JSON, merged with the entry
  std::map<std::string, std::string> values;  ///< by Source::text; absent where there is none
};

/// Every example in order, before `where`.
/// @throws Error (bad_data) naming the sample whose JSON is damaged or lacks the `each` list
std::vector<Example> list_examples(const Shards& shards, const DataOptions& options);

/// Keeps the examples whose value at every pointer of `where` is an accepted one.
void keep_where(std::vector<Example>& examples, const DataOptions& options);

/// The value at a pointer of an example's JSON, as text: texts as they are, all else as JSON.
std::optional<std::string> value_at(const std::string& json, const std::string& pointer);

/// The value of an example.
/// @param asked_by  who needs it, for the message: `field question`
/// @throws Error (bad_data) where there is none
const std::string& required_value(const Example& example, const std::string& source,
                                  const std::string& asked_by);

}  // namespace weft::host
