// SPDX-License-Identifier: Apache-2.0
/// Examples that are given value by value instead of read from a data section's own shards, and
/// sections cut down to what a prediction needs of them.

#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// One example: the bytes of each field's picture, recording or video, or its text.
struct GivenExample {
  std::string key;                            ///< for messages; the result carries it
  std::map<std::string, std::string> fields;  ///< by the field's name
  /// By the field's name: the file that its bytes were read from, for messages.
  std::map<std::string, std::string> files = {};
};

/// What examples are read from.
struct PredictedShards {
  std::vector<std::string> paths;  ///< absolute; none: examples are given
  bool are_listed = false;         ///< as the section says, by `each` and `where`
  bool are_split = false;  ///< by the section's `split`: they are those of its training part
};

/// The section without its training: of its fields those named, no blend and no exchange, and as
/// its only shards `test`, or where they are split `train`.
/// @param data_json  the section of a resolved recipe
/// @param fields     names of its fields
std::string section_to_predict(const std::string& data_json, const std::set<std::string>& fields,
                               const PredictedShards& shards);

/// The section with its training part alone, of which texts of these fields show examples
/// (`shots`); empty where none of them does.
std::string section_of_shots(const std::string& data_json, const std::set<std::string>& fields);

/// What the first sample of a shard brings.
struct ShardLook {
  bool is_listed = false;        ///< the list at the section's `each`
  std::set<std::string> fields;  ///< whose member or value is there
};

/// @param fields  names of the section's fields
/// @throws Error as read_shard(); (bad_data) where the sample's JSON is damaged
ShardLook look_at_shard(const std::string& data_json, const std::set<std::string>& fields,
                        const std::string& shard);

/// The batch of some examples, in their order.
/// @param data  opened with section_to_predict() and no shards
/// @throws Error (bad_data) naming the example, or the file of it, that cannot be used
Batch given_batch(const Dataset& data, const std::vector<GivenExample>& examples);

}  // namespace weft::host
