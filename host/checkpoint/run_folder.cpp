// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using Kind = OpenFolder::Kind;

constexpr const char* k_recipe = "recipe.json";
constexpr const char* k_lock = "lock";
constexpr const char* k_weft_lock = "weft.lock";
constexpr const char* k_tokenizers = "tokenizers";
constexpr const char* k_segments = "segments";
constexpr std::size_t k_longest_text = std::size_t{1} << 24;  // of a recipe or lock, in bytes

/// The files that a run writes at the top of its folder, the one that says that it is begun first
/// and the one that says whose folder it is last.
constexpr const char* k_files[] = {k_recipe,        "recipe.json.tmp", "latest",
                                   "latest.tmp",    "events.jsonl",    "set_aside.jsonl",
                                   "report.html",   "report.html.tmp", "crash.txt",
                                   "weft.lock.tmp", "weft.lock"};

/// The folders that a run writes besides its checkpoints.
constexpr const char* k_folders[] = {k_tokenizers, k_segments, "evaluation", "tensorboard"};

/// Whether a run has written all that is there.
bool is_all_ours(const OpenFolder& folder) {
  return std::ranges::all_of(folder.names(), [&](const std::string& name) {
    const Kind kind = folder.kind_of(name);
    if (name == "checkpoints" || std::ranges::find(k_folders, name) != std::end(k_folders))
      return kind == Kind::folder;
    return kind == Kind::file &&
           (name == k_lock || std::ranges::find(k_files, name) != std::end(k_files));
  });
}

/// Whether a run was killed there before it had its recipe, so that nothing is lost with it.
bool is_unfinished(const OpenFolder& folder) {
  return is_all_ours(folder) && folder.kind_of(k_recipe) == Kind::none && !has_checkpoints(folder);
}

void clear(const OpenFolder& folder) {
  folder.remove_file(k_recipe);
  remove_checkpoints(folder);
  for (const char* name : k_folders) folder.remove_folder(name);
  for (const char* name : k_files) folder.remove_file(name);
}

/// What a stretch of a run was trained with.
struct Stretch {
  std::string recipe, lock;
  bool operator==(const Stretch&) const = default;
};

Stretch stretch_in(const OpenFolder& folder) {
  const auto text = [&](const char* name) {
    if (!folder.has_file(name)) return std::string();
    InputFile file(folder, name);
    return read_text(file, k_longest_text);
  };
  return {text(k_recipe), text(k_weft_lock)};
}

/// Takes the folder's lock, which ends with the process whatever happens to it.
int lock_folder(const OpenFolder& folder) {
  const int descriptor = folder.open_to_write(k_lock, O_RDWR);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t count = pread(descriptor, holder, sizeof holder - 1, 0);
    close(descriptor);
    std::string process(holder, count > 0 ? static_cast<std::size_t>(count) : 0);
    std::erase_if(process, [](char c) { return c < '0' || c > '9'; });
    throw Error(Exit::cannot_create,
                concat("run folder ", folder.path(), " is in use by process ", process,
                       ". Wait for it, or give another folder with --run."));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    close(descriptor);
    throw Error(Exit::io, concat(folder.path_of(k_lock), " could not be written."));
  }
  return descriptor;
}

OpenFolder make_or_open(const std::string& path, RunFolder::Mode mode) {
  if (mode == RunFolder::Mode::resume && !fs::exists(path))
    throw Error(Exit::no_input, concat(path,
                                       " is no run folder, so there is nothing to resume. "
                                       "Leave --resume out to begin."));
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path)) error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    throw Error(Exit::cannot_create, concat("run folder ", path, " cannot be made: ",
                                            error.message(), ". Give another one with --run."));
  return OpenFolder(path);
}

/// @throws Error where the mode does not allow to go on with what is there
void require_allowed(const OpenFolder& folder, RunFolder::Mode mode) {
  if (is_unfinished(folder)) return;
  if (mode == RunFolder::Mode::create)
    throw Error(Exit::cannot_create, concat("run folder ", folder.path(),
                                            " exists. Go on with --resume, replace it with "
                                            "--overwrite, or give another one with --run."));
  if (mode == RunFolder::Mode::resume && !folder.has_file(k_recipe))
    throw Error(Exit::no_input, concat(folder.path(),
                                       " is no run folder: it holds no recipe.json, so there is "
                                       "nothing to resume. Give another one with --run."));
  if (mode == RunFolder::Mode::overwrite && !has_lock(folder) && !is_all_ours(folder))
    throw Error(Exit::cannot_create,
                concat(folder.path(),
                       " holds files and no run's weft.lock, so --overwrite removes "
                       "nothing there. Give another folder with --run."));
}

}  // namespace

bool holds_run(const std::string& path) {
  return fs::is_directory(path) && OpenFolder(path).has_file(k_recipe);
}

std::string kept_tokenizer(const std::string& path, const std::string& section) {
  const OpenFolder folder(path);
  if (!folder.has_folder(k_tokenizers)) return "";
  const OpenFolder tokenizers = folder.folder(k_tokenizers);
  return tokenizers.has_file(section) ? tokenizers.path_of(section) : "";
}

RunFolder::RunFolder(const std::string& path, Mode mode) {
  folder_.emplace(make_or_open(path, mode));
  require_allowed(*folder_, mode);
  lock_ = lock_folder(*folder_);
  try {
    if (mode == Mode::overwrite || is_unfinished(*folder_)) clear(*folder_);
    folder_->made_folder("checkpoints");
  } catch (...) {
    close(lock_);
    throw;
  }
}

RunFolder::~RunFolder() {
  close(lock_);
}

void RunFolder::keep_tokenizer(const std::string& section, const std::string& bytes) const {
  write_text(folder_->made_folder(k_tokenizers), section, bytes);
}

void RunFolder::write(const std::string& recipe, const RunLock& lock) const {
  write_text(*folder_, k_weft_lock, text_of(lock));
  write_text(*folder_, k_recipe, recipe);
}

int RunFolder::go_on(const std::string& recipe, const RunLock& lock) const {
  const Stretch here = stretch_in(*folder_);
  if (here.recipe.empty()) {
    write(recipe, lock);
    return 1;
  }
  const bool same = here.recipe == recipe && says_the_same(here.lock, text_of(lock));
  int kept = 0;
  if (folder_->has_folder(k_segments)) {
    const OpenFolder segments = folder_->folder(k_segments);
    while (segments.has_folder(std::to_string(kept + 1)) &&
           segments.folder(std::to_string(kept + 1)).has_file(k_recipe))
      ++kept;
    // A kill after keeping and before writing: it is not kept twice.
    if (!same && kept > 0 && stretch_in(segments.folder(std::to_string(kept))) == here) --kept;
  }
  if (!same) {
    ++kept;
    const OpenFolder segment = folder_->made_folder(k_segments).made_folder(std::to_string(kept));
    write_text(segment, k_weft_lock, here.lock);
    write_text(segment, k_recipe, here.recipe);
  }
  write(recipe, lock);
  return kept + 1;
}

}  // namespace weft::host
