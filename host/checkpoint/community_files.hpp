// SPDX-License-Identifier: Apache-2.0
/// A model's folder as Hugging Face's transformers saves it: config.json, model.safetensors or its
/// shards, tokenizer.json. Nothing is read that can run code.

#pragma once

#include <map>
#include <string>

#include "host/base/array.hpp"

namespace weft::host {

struct CommunityFolder {
  std::string config;                    ///< text of config.json
  std::map<std::string, Array> tensors;  ///< of all shards
  std::string tokenizer;                 ///< path of tokenizer.json; empty where there is none
};

/// The file that holds a folder's configuration, for messages.
std::string config_path(const std::string& folder);

/// @throws Error (no_input) where the folder, its config.json or its weights are not there, naming
///         every shard that is missing; (bad_data) for weights as pickles, which can run code,
///         and a damaged model.safetensors.index.json; (bad_checkpoint) for damaged weights
CommunityFolder read_community_folder(const std::string& folder);

}  // namespace weft::host
