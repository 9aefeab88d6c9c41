// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// Takes the folder's lock, which ends with the process whatever happens to it.
int lock_folder(const std::string& path) {
  const std::string file = path + "/lock";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    throw Error(Exit::cannot_create,
                concat(file, " cannot be created. Check the folder's rights."));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    std::string holder;
    std::ifstream(file) >> holder;
    close(descriptor);
    throw Error(Exit::cannot_create, concat("run folder ", path, " is in use by process ", holder,
                                            ". Wait for it, or give another folder with --run."));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    throw Error(Exit::io, concat(file, " could not be written."));
  return descriptor;
}

/// Hands over what the folder's weft.lock holds, if there is one.
/// @throws Error (bad_checkpoint) for a damaged one; whatever `compare` throws
void compare_lock(const std::string& folder,
                  const std::function<void(const nlohmann::json&)>& compare) {
  const std::string file = folder + "/weft.lock";
  if (!fs::exists(file)) return;
  try {
    compare(parse_strictly(read_text(file, std::size_t{1} << 24)));
  } catch (const std::exception& error) {
    if (dynamic_cast<const Error*>(&error) != nullptr) throw;
    throw Error(Exit::bad_checkpoint, concat(file, " is damaged: ", error.what(),
                                             ". Delete it to go on without this check."));
  }
}

std::string tokenizer_file(const std::string& folder, const std::string& section) {
  return concat(folder, "/tokenizers/", section);
}

/// @param before  what weft.lock holds
void require_tokenizer(const std::string& folder, const nlohmann::json& before,
                       const std::string& section, const std::string& tokenizer) {
  const nlohmann::json tokenizers = before.value("tokenizers", nlohmann::json::object());
  if (tokenizers.value(section, tokenizer) == tokenizer) return;
  throw Error(
      Exit::bad_checkpoint,
      concat("the run in ", folder, " was trained with another tokenizer than section \"", section,
             "\" has now, so its ids mean other words: ", tokenizer_file(folder, section),
             ", the tokenizer's file, or the texts that it is learned from, have "
             "changed. Restore them."));
}

}  // namespace

RunFolder::RunFolder(const std::string& path, Mode mode) : path_(path) {
  const bool exists = fs::exists(path_ + "/recipe.json");
  if (mode == Mode::resume && !exists)
    throw Error(Exit::no_input, concat(path_,
                                       " is no run folder, so there is nothing to resume. "
                                       "Leave --resume out to begin."));
  if (mode == Mode::create && fs::exists(path_) && !fs::is_empty(path_))
    throw Error(Exit::cannot_create, concat("run folder ", path_,
                                            " exists. Go on with --resume, replace it with "
                                            "--overwrite, or give another one with --run."));
  std::error_code error;
  fs::create_directories(path_ + "/checkpoints", error);
  if (error)
    throw Error(Exit::cannot_create, concat("run folder ", path_, " cannot be made: ",
                                            error.message(), ". Give another one with --run."));
  lock_ = lock_folder(path_);
  if (mode == Mode::overwrite)
    for (const char* name :
         {"checkpoints", "tokenizers", "latest", "events.jsonl", "set_aside.jsonl"})
      fs::remove_all(path_ + "/" + name);
  fs::create_directories(path_ + "/checkpoints");
}

RunFolder::~RunFolder() {
  close(lock_);
}

std::string changed_data(const std::string& folder, const std::string& section,
                         const std::string& data, const std::string& tokenizer) {
  std::string change;
  compare_lock(folder, [&](const nlohmann::json& before) {
    require_tokenizer(folder, before, section, tokenizer);
    if (before.at("data").value(section, data) != data)
      change = concat("section \"", section, "\" or its shards have changed since the run in ",
                      folder, " was trained.");
  });
  return change;
}

std::vector<std::string> RunFolder::changes(const RunLock& lock) const {
  std::vector<std::string> sentences;
  compare_lock(path_, [&](const nlohmann::json& before) {
    if (before.at("seed").get<std::uint64_t>() != lock.seed)
      throw Error(Exit::bad_checkpoint,
                  concat("the run in ", path_, " was begun with seed ",
                         before.at("seed").get<std::uint64_t>(), ", found seed ", lock.seed,
                         ". Use the recipe that it was begun with, or another run folder."));
    for (const auto& [section, fingerprint] : lock.data)
      if (before.at("data").value(section, fingerprint) != fingerprint)
        throw Error(Exit::bad_checkpoint,
                    concat("the run in ", path_, " was begun with other data: section \"", section,
                           "\" or its shards have changed. Restore them, or use another run "
                           "folder."));
    for (const auto& [section, tokenizer] : lock.tokenizers)
      require_tokenizer(path_, before, section, tokenizer);
    for (const char* name : {"host", "torch"}) {
      const std::string& now = name == std::string("host") ? lock.host_version : lock.torch_version;
      const auto then = before.at(name).get<std::string>();
      if (then != now)
        sentences.push_back(concat("the run was begun with ", name, " ", then, " and goes on with ",
                                   now, ": numbers may differ."));
    }
    for (const auto& [node, part] : lock.parts)
      if (before.at("parts").contains(node) &&
          before.at("parts").at(node).at("sha256") != part.sha256)
        sentences.push_back(concat(part.file, ", the plug-in of \"", node,
                                   "\", has changed since the run was begun: numbers may differ."));
  });
  return sentences;
}

std::string kept_tokenizer(const std::string& folder, const std::string& section) {
  std::string file = tokenizer_file(folder, section);
  return fs::exists(file) ? file : "";
}

void RunFolder::keep_tokenizer(const std::string& section, const std::string& bytes) const {
  fs::create_directories(path_ + "/tokenizers");
  write_text(tokenizer_file(path_, section), bytes);
}

void RunFolder::write(const std::string& resolved_recipe, const RunLock& lock) const {
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  for (const auto& [node, part] : lock.parts)
    parts[node] = {
        {"id", part.id}, {"version", part.version}, {"file", part.file}, {"sha256", part.sha256}};
  const nlohmann::ordered_json text{
      {"host", lock.host_version}, {"torch", lock.torch_version},   {"seed", lock.seed},
      {"data", lock.data},         {"tokenizers", lock.tokenizers}, {"parts", parts}};
  write_text(path_ + "/weft.lock", text.dump(2) + "\n");
  write_text(path_ + "/recipe.json", resolved_recipe);
}

}  // namespace weft::host
