// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint_state.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/checkpoint/tensor_hashes.hpp"

namespace weft::host {
namespace {

constexpr const char *k_model = "model", *k_optimizer = "optimizer";
// Files that are there only where there is something in them:
constexpr const char* k_views = "views.safetensors";
constexpr const char* k_curriculum = "curriculum.safetensors";
constexpr const char* k_folder = "checkpoints";
constexpr const char* k_latest = "latest";
constexpr const char* k_unfinished = ".new";
constexpr std::size_t k_longest_state = std::size_t{1} << 26;  // of state.json, in bytes

struct Name {
  std::string stage;
  std::int64_t step = 0;
};

/// What a checkpoint's folder is called: STAGE-STEP; nothing for any other name.
std::optional<Name> read_name(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || !is_path_word(name)) return std::nullopt;
  const char* const end = name.data() + name.size();
  std::int64_t step = 0;
  const auto [rest, error] = std::from_chars(name.data() + dash + 1, end, step);
  Name read{name.substr(0, dash), step};
  const auto in_stage = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (error != std::errc() || rest != end || !std::ranges::all_of(read.stage, in_stage) ||
      concat(read.stage, "-", step) != name)
    return std::nullopt;
  return read;
}

/// The checkpoints that a run holds, in no order; sound or not.
std::vector<Name> list(const OpenFolder& checkpoints) {
  std::vector<Name> found;
  for (const std::string& entry : checkpoints.names())
    if (const auto name = read_name(entry);
        name && checkpoints.kind_of(entry) == OpenFolder::Kind::folder)
      found.push_back(*name);
  return found;
}

std::string text_of(const Name& name) {
  return concat(name.stage, "-", name.step);
}

bool is_unfinished(const OpenFolder& checkpoints, const std::string& entry) {
  return entry.ends_with(k_unfinished) &&
         read_name(entry.substr(0, entry.size() - std::strlen(k_unfinished))) &&
         checkpoints.kind_of(entry) == OpenFolder::Kind::folder;
}

/// Removes what a crash left half done and of the stage's checkpoints up to `step` all but the
/// newest two and the best. Later ones are of a training that this one has fallen back from.
void remove_older(const OpenFolder& checkpoints, const std::string& stage, std::int64_t step,
                  std::int64_t best_step) {
  std::vector<std::int64_t> steps;
  for (const Name& name : list(checkpoints))
    if (name.stage == stage && name.step <= step) steps.push_back(name.step);
  std::sort(steps.rbegin(), steps.rend());
  for (std::size_t i = 2; i < steps.size(); ++i)
    if (steps[i] != best_step) checkpoints.remove_folder(text_of({stage, steps[i]}));
  for (const std::string& entry : checkpoints.names())
    if (is_unfinished(checkpoints, entry)) checkpoints.remove_folder(entry);
}

/// Removes a folder at the end of its scope, if it is there still.
struct FolderRemoval {
  const OpenFolder& parent;
  const std::string& name;
  ~FolderRemoval() {
    try {
      parent.remove_folder(name);
    } catch (...) {  // NOLINT(bugprone-empty-catch): what ended the scope says more
    }
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

std::string name_of(const Checkpoint& checkpoint) {
  return text_of(Name{checkpoint.stage, checkpoint.step});
}

std::string unfinished_of(const Checkpoint& checkpoint) {
  return name_of(checkpoint) + k_unfinished;
}

FileHashes write_files(const OpenFolder& folder, const Checkpoint& checkpoint) {
  FileHashes hashes;
  const auto file_of = [&](const char* kind) {
    return piece_file(kind, checkpoint.piece, checkpoint.pieces);
  };
  for (const auto& [file, tensors] : {std::pair{file_of(k_model), &checkpoint.model},
                                      {file_of(k_optimizer), &checkpoint.optimizer},
                                      {k_views, &checkpoint.views},
                                      {k_curriculum, &checkpoint.curriculum}}) {
    if ((file == k_views || file == k_curriculum) && tensors->empty()) continue;
    OutputFile output(folder, file);
    hashes.files[file] = write_safetensors(output, {*tensors, {}}).xxh3;
    hashes.tensors[file] = tensor_hashes(*tensors);
  }
  return hashes;
}

/// All files are there but state.json.
void publish(const OpenFolder& run, const Checkpoint& checkpoint, const FileHashes& hashes) {
  const OpenFolder checkpoints = run.folder(k_folder);
  const std::string unfinished = unfinished_of(checkpoint);
  write_text(checkpoints.folder(unfinished), "state.json", state_text(checkpoint, hashes));
  checkpoints.replace_folder(unfinished, name_of(checkpoint));
  checkpoints.flush();
  name_latest(run, checkpoint);
  remove_older(checkpoints, checkpoint.stage, checkpoint.step, checkpoint.progress.best_step);
}

}  // namespace

std::string save_checkpoint(const OpenFolder& run, const Checkpoint& checkpoint) {
  const OpenFolder checkpoints = run.made_folder(k_folder);
  const std::string unfinished = unfinished_of(checkpoint);
  checkpoints.remove_folder(unfinished);
  const FolderRemoval removal{checkpoints, unfinished};
  const FileHashes hashes = write_files(checkpoints.made_folder(unfinished), checkpoint);
  publish(run, checkpoint, hashes);
  return hashes.files.at(piece_file(k_model, 0, 1));
}

void begin_pieces(const OpenFolder& run, const Checkpoint& checkpoint) {
  const OpenFolder checkpoints = run.made_folder(k_folder);
  checkpoints.remove_folder(unfinished_of(checkpoint));
  checkpoints.made_folder(unfinished_of(checkpoint));
}

FileHashes write_piece(const OpenFolder& run, const Checkpoint& piece) {
  return write_files(run.folder(k_folder).folder(unfinished_of(piece)), piece);
}

void join_pieces(const OpenFolder& run, const Checkpoint& checkpoint,
                 const std::vector<FileHashes>& pieces) {
  const OpenFolder checkpoints = run.folder(k_folder);
  const std::string unfinished = unfinished_of(checkpoint);
  const FolderRemoval removal{checkpoints, unfinished};
  FileHashes all;
  for (const FileHashes& piece : pieces) {
    all.files.insert(piece.files.begin(), piece.files.end());
    all.tensors.insert(piece.tensors.begin(), piece.tensors.end());
  }
  const OpenFolder folder = checkpoints.folder(unfinished);
  for (const auto& [file, hash] : all.files)
    if (!folder.has_file(file))
      throw Error(Exit::io, concat("another rank has written ", file, ", and it is not in ",
                                   folder.path(), ". Give a run folder that all machines see."));
  publish(run, checkpoint, all);
}

namespace {

/// The tensors of all pieces of a kind.
/// @throws std::invalid_argument with what is wrong with them; std::out_of_range where state.json
///         has no such file
std::map<std::string, Array> read_kind(const OpenFolder& folder, const char* kind, int pieces,
                                       const FileHashes& hashes) {
  std::map<std::string, Array> all;
  for (int piece = 0; piece < pieces; ++piece) {
    const std::string file = piece_file(kind, piece, pieces);
    // Versions before 0.10 wrote no hashes of tensors.
    auto tensors = read_tensors(folder, file, hashes.files.at(file),
                                hashes.tensors.empty() ? TensorHashes{} : hashes.tensors.at(file));
    all.merge(tensors);
    if (!tensors.empty())
      throw std::invalid_argument(
          concat("state.json is damaged: ", shown(tensors.begin()->first), " is in two files."));
  }
  return all;
}

}  // namespace

Checkpoint load_checkpoint(const OpenFolder& checkpoints, const std::string& name) {
  const OpenFolder folder = checkpoints.folder(name);
  const auto refuse = [&](const std::string& what) {
    return Error(Exit::bad_checkpoint, concat("checkpoint ", folder.path(), ": ", what));
  };
  if (!folder.has_file("state.json")) throw refuse("state.json is missing.");
  InputFile file(folder, "state.json");
  const std::string text = read_text(file, k_longest_state);
  Checkpoint checkpoint;
  try {
    const FileHashes hashes = read_state(text, name, checkpoint);
    checkpoint.model = read_kind(folder, k_model, checkpoint.pieces, hashes);
    checkpoint.optimizer = read_kind(folder, k_optimizer, checkpoint.pieces, hashes);
    if (hashes.files.contains(k_views)) checkpoint.views = read_kind(folder, "views", 1, hashes);
    if (hashes.files.contains(k_curriculum))
      checkpoint.curriculum = read_kind(folder, "curriculum", 1, hashes);
    checkpoint.model_xxh3 = checkpoint.pieces == 1
                                ? hashes.files.at(piece_file(k_model, 0, 1))
                                : digest_of(TensorFile{checkpoint.model, {}}).xxh3;
  } catch (const std::out_of_range&) {
    throw refuse("state.json is damaged.");
  } catch (const std::invalid_argument& fault) {
    throw refuse(fault.what());
  }
  checkpoint.pieces = 1;
  return checkpoint;
}

namespace {

/// What RUN/latest names, if that has a checkpoint's name; "" where there is no such file.
std::string latest_of(const OpenFolder& run) {
  if (!run.has_file(k_latest)) return "";
  InputFile file(run, k_latest);
  std::string name(std::min<std::uint64_t>(file.size(), 256), '\0');
  file.read(name.data(), name.size());
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return read_name(name) ? name : "";
}

/// In the order in which they are tried: the newest first, but `latest` and those before it ahead
/// of what was begun after it.
std::vector<std::string> candidates(std::vector<Name> found, const std::vector<std::string>& stages,
                                    const std::string& latest) {
  const auto age = [&](const Name& name) {
    const auto stage = std::ranges::find(stages, name.stage);
    return std::pair(stage == stages.end() ? -1 : stage - stages.begin(), name.step);
  };
  std::ranges::sort(found, [&](const Name& a, const Name& b) { return age(a) > age(b); });
  const auto first =
      std::ranges::find_if(found, [&](const Name& name) { return text_of(name) == latest; });
  if (first != found.end()) std::rotate(found.begin(), first, found.end());
  std::vector<std::string> names;
  for (const Name& name : found) names.push_back(text_of(name));
  return names;
}

}  // namespace

std::optional<Checkpoint> newest_checkpoint(const OpenFolder& run,
                                            const std::vector<std::string>& stages,
                                            const std::function<void(const std::string&)>& tell) {
  const std::string latest = latest_of(run);
  std::vector<Name> found;
  if (run.has_folder(k_folder)) found = list(run.folder(k_folder));
  std::string wrong;
  if (std::ranges::none_of(found, [&](const Name& name) { return text_of(name) == latest; }))
    wrong = latest.empty()
                ? concat(run.path_of(k_latest), " is missing or damaged.")
                : concat(run.path_of(k_latest), " names ", latest, ", which is not there.");
  if (found.empty() && latest.empty()) return std::nullopt;
  for (const std::string& name : candidates(found, stages, latest)) {
    try {
      Checkpoint checkpoint = load_checkpoint(run.folder(k_folder), name);
      if (!wrong.empty())
        tell(concat(wrong, " ", name, " is taken, the newest checkpoint that is sound."));
      return checkpoint;
    } catch (const Error& error) {
      wrong += concat(wrong.empty() ? "" : " ", error.what());
    }
  }
  throw Error(Exit::bad_checkpoint,
              concat(wrong,
                     " No other checkpoint there is sound. Restore one, or train anew with "
                     "--overwrite."));
}

void name_latest(const OpenFolder& run, const Checkpoint& checkpoint) {
  write_text(run, k_latest, name_of(checkpoint) + "\n");
}

bool has_checkpoints(const OpenFolder& run) {
  return run.has_folder(k_folder) && !list(run.folder(k_folder)).empty();
}

void remove_checkpoints(const OpenFolder& run) {
  run.remove_file(k_latest);
  if (!run.has_folder(k_folder)) return;
  const OpenFolder checkpoints = run.folder(k_folder);
  for (const Name& name : list(checkpoints)) checkpoints.remove_folder(text_of(name));
  for (const std::string& entry : checkpoints.names())
    if (is_unfinished(checkpoints, entry)) checkpoints.remove_folder(entry);
}

Checkpoint load_stage_checkpoint(const OpenFolder& run, const std::string& stage) {
  std::int64_t newest = -1;
  if (run.has_folder(k_folder))
    for (const Name& name : list(run.folder(k_folder)))
      if (name.stage == stage) newest = std::max(newest, name.step);
  if (newest < 0)
    throw Error(Exit::no_input,
                concat(run.path(), " holds no checkpoint of stage \"", stage, "\"."));
  try {
    return load_checkpoint(run.folder(k_folder), text_of({stage, newest}));
  } catch (const Error& error) {
    throw Error(error.exit(),
                concat(error.what(), " Restore it, or train that stage anew in another run."));
  }
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
