// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/community_files.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/safetensors.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_longest_config = std::size_t{1} << 22;
constexpr std::size_t k_longest_index = std::size_t{1} << 26;

/// Endings of files that hold weights as pickles, or as programs.
constexpr const char* k_pickles[] = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5"};

bool is_pickle(const fs::path& path) {
  return std::ranges::find(k_pickles, path.extension().string()) != std::end(k_pickles);
}

[[noreturn]] void refuse_pickles(const std::string& folder, const std::vector<std::string>& names) {
  throw Error(Exit::bad_data,
              concat(folder, " holds its weights as ", enumerate(names),
                     ", which can run code when it is read: it is refused. Save them as "
                     "safetensors, as save_pretrained() of transformers does."));
}

/// The weights are in no file that is read: says which there are instead.
[[noreturn]] void refuse_without_weights(const std::string& folder) {
  std::vector<std::string> pickles;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (is_pickle(entry.path())) pickles.push_back(entry.path().filename().string());
  std::ranges::sort(pickles);
  if (!pickles.empty()) refuse_pickles(folder, pickles);
  throw Error(Exit::no_input,
              concat(folder,
                     " holds neither model.safetensors nor model.safetensors.index.json. Give the "
                     "folder of a model of transformers."));
}

/// Tensor → shard.
std::map<std::string, std::string> read_index(const std::string& path) {
  const auto refuse = [&](const std::string& what) {
    throw Error(Exit::bad_data, concat(path, ": ", what, ". Copy it again from its source."));
  };
  std::map<std::string, std::string> shards;
  try {
    const nlohmann::json index = parse_strictly(read_text(path, k_longest_index));
    index.at("weight_map").get_to(shards);
  } catch (const std::invalid_argument& problem) {
    refuse(concat("is no JSON: ", problem.what()));
  } catch (const nlohmann::json::exception&) {
    refuse("expected \"weight_map\", an object from tensor to file");
  }
  for (const auto& [tensor, file] : shards)
    if (!is_path_word(file))
      refuse(concat("expected the name of a file beside it, found ", shown(file)));
  return shards;
}

std::map<std::string, Array> read_shards(const std::string& folder, const std::string& index) {
  const std::map<std::string, std::string> shards = read_index(index);
  std::set<std::string> files;
  std::vector<std::string> absent;
  for (const auto& [tensor, file] : shards) files.insert(file);
  for (const std::string& file : files)
    if (!fs::exists(fs::path(folder) / file)) absent.push_back(file);
  if (!absent.empty())
    throw Error(Exit::no_input, concat(folder, " lacks ", enumerate(absent),
                                       ", which its index names. Fetch the whole model."));
  std::map<std::string, Array> tensors;
  std::vector<std::string> elsewhere;
  for (const std::string& file : files)
    for (auto& [name, tensor] : read_safetensors((fs::path(folder) / file).string()).tensors) {
      const auto named = shards.find(name);
      if (named == shards.end() || named->second != file)
        elsewhere.push_back(concat(name, " in ", file));
      tensors[name] = std::move(tensor);
    }
  for (const auto& [name, file] : shards)
    if (!tensors.contains(name)) elsewhere.push_back(concat(name, " not in ", file));
  if (!elsewhere.empty())
    throw Error(Exit::bad_checkpoint, concat(index, " does not say what the shards hold: ",
                                             enumerate(elsewhere), ". Fetch the whole model."));
  return tensors;
}

}  // namespace

std::string config_path(const std::string& folder) {
  return (fs::path(folder) / "config.json").string();
}

CommunityFolder read_community_folder(const std::string& folder) {
  if (fs::is_regular_file(folder) && is_pickle(folder))
    refuse_pickles(fs::path(folder).parent_path().string(), {fs::path(folder).filename().string()});
  if (!fs::is_directory(folder))
    throw Error(Exit::no_input, concat(folder,
                                       " is no folder. Give the folder that holds the "
                                       "model's config.json and model.safetensors."));
  CommunityFolder found;
  found.config = read_text(config_path(folder), k_longest_config);
  const std::string whole = (fs::path(folder) / "model.safetensors").string();
  const std::string index = whole + ".index.json";
  if (fs::exists(whole))
    found.tensors = read_safetensors(whole).tensors;
  else if (fs::exists(index))
    found.tensors = read_shards(folder, index);
  else
    refuse_without_weights(folder);
  const fs::path tokenizer = fs::path(folder) / "tokenizer.json";
  if (fs::exists(tokenizer)) found.tokenizer = tokenizer.string();
  return found;
}

}  // namespace weft::host
