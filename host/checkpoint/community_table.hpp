// SPDX-License-Identifier: Apache-2.0
/// What the community's models are called elsewhere: the tables in community/, one for each
/// architecture of Hugging Face's transformers, applied to a model's config.json. docs/convert.md
/// describes a table's keys.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft::host {

/// What one tensor of a file becomes.
struct TensorRow {
  std::string theirs;                    ///< behind the prefix
  bool is_bare = false;                  ///< no prefix stands before it
  std::vector<std::string> ours;         ///< a part's parameters; several: cut along the first axis
  bool is_transposed = false;            ///< [in, out] there, [out, in] here
  std::vector<std::int64_t> sizes = {};  ///< there, where others than here; -1: what is left
};

/// One way in which files spell a table's names.
struct Spelling {
  std::string prefix;
  std::vector<std::pair<std::string, std::string>> replace;  ///< in each name, in this order

  std::string of(const TensorRow& row) const;
};

/// A node of a recipe that takes some of the tensors.
struct CommunityNode {
  std::string name, use;
  std::string config;  ///< a JSON object: what the model's own configuration says
  std::vector<TensorRow> rows;
};

struct CommunityModel {
  std::string model_type;
  std::vector<Spelling> spellings;
  std::vector<std::string> keeps;           ///< patterns of what no part takes
  std::map<std::string, std::string> tied;  ///< of what is kept: the tensor that it equals
  std::vector<CommunityNode> nodes;
};

/// @param config  the text of the model's config.json
/// @param path    its name, for messages
/// @throws Error (bad_data) naming all that is wrong: no JSON, an unknown architecture, settings
///         that the parts do not have
CommunityModel community_model(const std::string& config, const std::string& path);

/// `bert`, `clip`, …: what config.json may say under "model_type".
std::vector<std::string> community_model_types();

}  // namespace weft::host
