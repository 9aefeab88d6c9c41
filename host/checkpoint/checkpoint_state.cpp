// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint_state.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

constexpr int k_whole = 1, k_in_pieces = 2;  // versions of the layout
constexpr std::array k_keys{"checkpoint", "stage",   "step",     "data",  "parts",
                            "xxh3",       "tensors", "progress", "pieces"};

/// The state's own hash, over its values in the order of their keys: every byte of its meaning,
/// none of its layout.
std::string hash_of(const Json& state) {
  const std::string text = state.dump();
  DigestSum sum;
  sum.add(text.data(), text.size());
  return sum.digest().xxh3;
}

Json written(const StageProgress& progress) {
  Json json{{"divergences", progress.divergences},
            {"measured_step", progress.measured_step},
            {"best_step", progress.best_step},
            {"best_value", progress.best_value},
            {"evaluations_since", progress.evaluations_since}};
  if (progress.loss_scale > 0.0)
    json.update({{"loss_scale", progress.loss_scale},
                 {"good_steps", progress.good_steps},
                 {"overflows", progress.overflows}});
  return json;
}

StageProgress read_progress(const Json& json) {
  return {json.at("divergences"),
          json.at("measured_step"),
          json.at("best_step"),
          json.at("best_value"),
          json.at("evaluations_since"),
          json.value("loss_scale", 0.0),
          json.value("good_steps", std::int64_t{0}),
          json.value("overflows", std::int64_t{0})};
}

/// @throws Json::exception for what is no state; std::invalid_argument with what is wrong with it
FileHashes read(Json state, const std::string& name, Checkpoint& checkpoint) {
  const int version = state.at("checkpoint");
  if (version != k_whole && version != k_in_pieces)
    throw std::invalid_argument("it is of a later format.");
  if (state.contains("hash")) {  // versions before 0.10 wrote none
    const std::string hash = state.at("hash");
    state.erase("hash");
    if (hash != hash_of(state))
      throw std::invalid_argument(
          "state.json is damaged: its hash is not the one that it records.");
  }
  for (const auto& item : state.items())
    if (std::ranges::find(k_keys, item.key()) == k_keys.end())
      throw std::invalid_argument(
          concat("state.json is damaged: it has a key ", shown(item.key()), "."));
  state.at("stage").get_to(checkpoint.stage);
  state.at("step").get_to(checkpoint.step);
  state.at("data").get_to(checkpoint.data);
  state.at("parts").get_to(checkpoint.parts);
  if (version == k_in_pieces) state.at("pieces").get_to(checkpoint.pieces);
  if (version == k_in_pieces && checkpoint.pieces < 2)
    throw std::invalid_argument("state.json is damaged: expected pieces above 1.");
  if (state.contains("progress")) checkpoint.progress = read_progress(state.at("progress"));
  const std::string own = concat(checkpoint.stage, "-", checkpoint.step);
  if (own != name)
    throw std::invalid_argument(
        concat("state.json is damaged: it says that this is ", shown(own), "."));
  FileHashes hashes;
  state.at("xxh3").get_to(hashes.files);
  if (state.contains("tensors")) state.at("tensors").get_to(hashes.tensors);
  return hashes;
}

}  // namespace

std::string piece_file(const std::string& kind, int piece, int pieces) {
  if (pieces == 1) return kind + ".safetensors";
  const auto padded = [](int number) {
    const std::string digits = std::to_string(number);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return concat(kind, "-", padded(piece + 1), "-of-", padded(pieces), ".safetensors");
}

std::string state_text(const Checkpoint& checkpoint, const FileHashes& hashes) {
  const bool is_whole = checkpoint.pieces == 1;
  nlohmann::ordered_json state{{"checkpoint", is_whole ? k_whole : k_in_pieces},
                               {"stage", checkpoint.stage},
                               {"step", checkpoint.step},
                               {"data", checkpoint.data},
                               {"parts", checkpoint.parts}};
  if (checkpoint.progress != StageProgress{}) state["progress"] = written(checkpoint.progress);
  if (!is_whole) state["pieces"] = checkpoint.pieces;
  state["xxh3"] = hashes.files;
  state["tensors"] = hashes.tensors;
  state["hash"] = hash_of(state);
  return state.dump(2) + "\n";
}

FileHashes read_state(const std::string& text, const std::string& name, Checkpoint& checkpoint) {
  const std::invalid_argument damaged("state.json is damaged.");
  Json state;
  try {
    state = parse_strictly(text);
  } catch (const std::invalid_argument&) {
    throw damaged;
  }
  try {
    return read(std::move(state), name, checkpoint);
  } catch (const Json::exception&) {
    throw damaged;
  }
}

std::string text_of(const FileHashes& hashes) {
  return Json{{"files", hashes.files}, {"tensors", hashes.tensors}}.dump();
}

FileHashes file_hashes_of(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("files"), json.at("tensors")};
}

}  // namespace weft::host
