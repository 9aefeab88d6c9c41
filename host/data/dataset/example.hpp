// SPDX-License-Identifier: Apache-2.0
/// From samples to examples: a sample's JSON, or each entry of a list inside it, with the values
/// that the fields and the tokenizer ask for.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/data/fields/options.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

using Shards = std::vector<std::shared_ptr<const Shard>>;

/// Where an example is.
struct ExampleRef {
  std::uint32_t shard = 0, sample = 0;
  std::uint32_t entry = 0;  ///< of the list at `each`; 0 without one
};

/// An example with the values that were asked for.
struct Example {
  std::string key;                            ///< KEY, or KEY#3 for the list's entry 3
  std::string place;                          ///< `/data/a.tar, sample KEY#3`, for messages
  const Shard* shard = nullptr;               ///< which must outlive it
  std::uint32_t sample = 0;                   ///< of the shard
  std::map<std::string, std::string> values;  ///< by Source::text; absent where there is none
};

/// JSON that a sample brings, at most 64 levels deep: copying and writing deeper ones recurses
/// until the stack is full.
/// @throws std::exception with the reason where it is none
nlohmann::json parse_sample_json(std::string_view text);

/// KEY, or KEY#3.
std::string example_key(const Shard& shard, const ExampleRef& ref, const DataOptions& options);

/// Reads what the sources name: pointers into the example's JSON, members as texts.
/// @throws Error (bad_data) naming the sample whose JSON is damaged or lacks the entry
Example read_example(const Shard& shard, const ExampleRef& ref, const DataOptions& options,
                     const std::set<std::string>& sources);

/// Calls for each example of a sample, in order, with its entry and whether `where` keeps it.
/// @throws Error (bad_data) naming the sample whose JSON is damaged or lacks the `each` list
void for_each_example(const Shard& shard, std::size_t sample, const DataOptions& options,
                      const std::set<std::string>& sources,
                      const std::function<void(std::uint32_t, const Example&, bool)>& call);

/// What rows need: all pointers and members of fields that are read as text.
std::set<std::string> row_sources(const DataOptions& options);

/// What is needed to list a part's examples beyond their number: nothing where each sample is one.
std::set<std::string> listing_sources(const DataOptions& options, Split split);

/// Whether the example has all that the field reads as text.
bool has_texts(const Example& example, const FieldOptions& field);

/// What the field decodes: the value at its source, or of several a JSON list of their texts.
/// @throws Error (bad_data) where one is missing
std::string field_text(const Example& example, const FieldOptions& field);

/// The value of an example.
/// @param asked_by  who needs it, for the message: `field question`
/// @throws Error (bad_data) where there is none
const std::string& required_value(const Example& example, const std::string& source,
                                  const std::string& asked_by);

}  // namespace weft::host
