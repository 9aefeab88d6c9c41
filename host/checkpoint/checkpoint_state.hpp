// SPDX-License-Identifier: Apache-2.0
/// state.json of a checkpoint: what it holds beside tensors, and a hash of everything.
/// Internal to host/checkpoint, but for FileHashes.

#pragma once

#include <map>
#include <string>

#include "host/checkpoint/checkpoint.hpp"

namespace weft::host {

/// "model.safetensors", or of several pieces "model-00002-of-00004.safetensors".
/// @param kind   "model" or "optimizer"
/// @param piece  from 0
std::string piece_file(const std::string& kind, int piece, int pieces);

/// The content of state.json.
std::string state_text(const Checkpoint& checkpoint, const FileHashes& hashes);

/// Fills in what state.json holds of a checkpoint, with the number of its pieces.
/// @param name  of the folder
/// @throws std::invalid_argument with what is wrong with it, as a sentence
FileHashes read_state(const std::string& text, const std::string& name, Checkpoint& checkpoint);

}  // namespace weft::host
