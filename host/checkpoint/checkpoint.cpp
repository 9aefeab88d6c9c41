// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/safetensors.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* k_files[] = {"model.safetensors", "optimizer.safetensors"};
constexpr const char* k_unfinished = ".new";
constexpr std::size_t k_longest_state = std::size_t{1} << 24;  // of state.json, in bytes

[[noreturn]] void refuse(const std::string& folder, const std::string& what) {
  throw Error(Exit::bad_checkpoint,
              concat("checkpoint ", folder, ": ", what,
                     " Use an earlier checkpoint of the run, or train anew."));
}

/// The step of a checkpoint's folder called STAGE-STEP; nothing for any other name.
std::optional<std::int64_t> step_of(const std::string& name, const std::string& stage) {
  if (!name.starts_with(stage + "-")) return std::nullopt;
  const char* const end = name.data() + name.size();
  std::int64_t step = 0;
  const auto [rest, error] = std::from_chars(name.data() + stage.size() + 1, end, step);
  if (error != std::errc() || rest != end || step < 0) return std::nullopt;
  return step;
}

/// Removes the stage's older checkpoints, all but the newest two, and what a crash left half done.
void remove_older(const fs::path& checkpoints, const std::string& stage) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  std::vector<fs::path> unwanted;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints)) {
    if (const auto step = step_of(entry.path().filename(), stage))
      found.emplace_back(*step, entry.path());
    else if (entry.path().extension() == k_unfinished)
      unwanted.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  for (std::size_t i = 2; i < found.size(); ++i) unwanted.push_back(found[i].second);
  for (const fs::path& path : unwanted) fs::remove_all(path);
}

/// Removes a folder at the end of its scope, unless it has been renamed by then.
struct FolderRemoval {
  const fs::path& folder;
  ~FolderRemoval() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

template <class Map>
std::vector<std::string> missing_in(const Map& map,
                                    const std::map<std::string, std::vector<std::int64_t>>& names) {
  std::vector<std::string> missing;
  for (const auto& [name, sizes] : names)
    if (!map.contains(name)) missing.push_back(name);
  return missing;
}

std::string some(const std::vector<std::string>& names) {
  if (names.size() <= 3) return enumerate(names);
  return concat(names[0], ", ", names[1], " and ", names.size() - 2, " more");
}

}  // namespace

void save_checkpoint(const std::string& run, const Checkpoint& checkpoint) {
  const fs::path checkpoints = fs::path(run) / "checkpoints";
  const std::string name = concat(checkpoint.stage, "-", checkpoint.step);
  const fs::path temporary = checkpoints / (name + k_unfinished);
  fs::remove_all(temporary);
  const FolderRemoval removal{temporary};
  fs::create_directories(temporary);
  Json state{{"checkpoint", 1},
             {"stage", checkpoint.stage},
             {"step", checkpoint.step},
             {"data", checkpoint.data},
             {"parts", checkpoint.parts}};
  for (const auto& [file, tensors] :
       {std::pair{k_files[0], &checkpoint.model}, {k_files[1], &checkpoint.optimizer}})
    state["xxh3"][file] = write_safetensors((temporary / file).string(), {*tensors, {}}).xxh3;
  write_text((temporary / "state.json").string(), state.dump(2) + "\n");
  fs::remove_all(checkpoints / name);
  fs::rename(temporary, checkpoints / name);
  flush_folder(checkpoints.string());
  write_text((fs::path(run) / "latest").string(), name + "\n");
  remove_older(checkpoints, checkpoint.stage);
}

Checkpoint load_checkpoint(const std::string& folder) {
  Checkpoint checkpoint;
  const fs::path path(folder);
  if (!fs::exists(path / "state.json")) refuse(folder, "state.json is missing.");
  try {
    const Json state = Json::parse(read_text((path / "state.json").string(), k_longest_state));
    if (state.at("checkpoint") != 1) refuse(folder, "it is of a later format.");
    state.at("stage").get_to(checkpoint.stage);
    state.at("step").get_to(checkpoint.step);
    state.at("data").get_to(checkpoint.data);
    state.at("parts").get_to(checkpoint.parts);
    for (const char* file : k_files) {
      if (!fs::exists(path / file)) refuse(folder, concat(file, " is missing."));
      if (state.at("xxh3").at(file) != digest_of((path / file).string()).xxh3)
        refuse(folder,
               concat(file, " is damaged: its hash is not the one that state.json records."));
    }
  } catch (const Json::exception&) {
    refuse(folder, "state.json is damaged.");
  }
  checkpoint.model = read_safetensors((path / k_files[0]).string()).tensors;
  checkpoint.optimizer = read_safetensors((path / k_files[1]).string()).tensors;
  return checkpoint;
}

std::optional<Checkpoint> load_latest_checkpoint(const std::string& run) {
  const fs::path latest = fs::path(run) / "latest";
  if (!fs::exists(latest)) return std::nullopt;
  std::string name = read_text(latest.string(), 4096);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return load_checkpoint((fs::path(run) / "checkpoints" / name).string());
}

Checkpoint load_stage_checkpoint(const std::string& run, const std::string& stage) {
  const fs::path checkpoints = fs::path(run) / "checkpoints";
  std::int64_t newest = -1;
  if (fs::exists(checkpoints))
    for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints))
      newest = std::max(newest, step_of(entry.path().filename(), stage).value_or(-1));
  if (newest < 0)
    throw Error(Exit::no_input, concat(run, " holds no checkpoint of stage \"", stage, "\"."));
  return load_checkpoint((checkpoints / concat(stage, "-", newest)).string());
}

void require_same_model(const Checkpoint& checkpoint, const std::string& run,
                        const std::map<std::string, std::vector<std::int64_t>>& shapes,
                        const std::map<std::string, std::pair<std::string, int>>& parts) {
  std::string differences;
  for (const auto& [node, part] : parts) {
    const auto saved = checkpoint.parts.find(node);
    if (saved != checkpoint.parts.end() && saved->second != part)
      differences +=
          concat(" Node \"", node, "\" was ", saved->second.first, " (state ", saved->second.second,
                 "), is now ", part.first, " (state ", part.second, ").",
                 saved->second.first != part.first    ? ""
                 : saved->second.second < part.second ? " This plug-in has no migrate for it: use "
                                                        "the one that weft.lock names, or a newer "
                                                        "one."
                                                      : " Use the newer plug-in, which knows it.");
  }
  const std::vector<std::string> missing = missing_in(checkpoint.model, shapes);
  if (!missing.empty()) differences += concat(" It lacks ", some(missing), ".");
  std::vector<std::string> surplus;
  std::string shape;
  for (const auto& [name, array] : checkpoint.model) {
    const auto wanted = shapes.find(name);
    if (wanted == shapes.end())
      surplus.push_back(name);
    else if (wanted->second != array.sizes && shape.empty())
      shape = concat(" ", name, " is ", shape_text(array.sizes), " there and ",
                     shape_text(wanted->second), " here.");
  }
  if (!surplus.empty()) differences += concat(" It has ", some(surplus), " too much.");
  differences += shape;
  if (differences.empty()) return;
  throw Error(Exit::bad_checkpoint,
              concat("the checkpoint in ", run, " belongs to another model.", differences,
                     " Use the recipe that it was trained with, or another run folder."));
}

}  // namespace weft::host
