// SPDX-License-Identifier: Apache-2.0
/// The folder of one run: recipe.json (resolved), weft.lock, segments/, tokenizers/, events.jsonl,
/// checkpoints/, evaluation/, tensorboard/, report.html, latest. Nothing in it is reached through a
/// link.

#pragma once

#include <optional>
#include <string>

#include "host/base/open_folder.hpp"
#include "host/checkpoint/run_lock.hpp"

namespace weft::host {

/// Whether the path is a folder in which a run was begun: it holds a recipe.json.
bool holds_run(const std::string& path);

/// The section's tokenizer as it was in training: its file in the folder, or empty.
/// @throws Error (no_input) where a link or anything else but a file lies in its place
std::string kept_tokenizer(const std::string& path, const std::string& section);

class RunFolder {
 public:
  enum class Mode { create, resume, overwrite };

  /// Makes or opens the folder and locks it against a second process. One in which a run was killed
  /// before anything was trained or saved is emptied and begun anew, in every mode. Overwriting
  /// removes what a run has written there and nothing else.
  /// @throws Error (cannot_create) if it is in use, exists already and nothing allows that, is to
  /// be
  ///         overwritten and no run's, or cannot be made; (no_input) if there is nothing to resume
  RunFolder(const std::string& path, Mode mode);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const OpenFolder& folder() const { return *folder_; }
  const std::string& path() const { return folder_->path(); }

  /// Puts the bytes of the section's tokenizer where kept_tokenizer() finds them.
  void keep_tokenizer(const std::string& section, const std::string& bytes) const;

  /// Writes weft.lock and recipe.json, whose presence says that the run is begun.
  void write(const std::string& recipe, const RunLock& lock) const;

  /// write() in a run that goes on. Where it is to go on with another recipe or lock than are
  /// there, those are kept in segments/N first: the N-th stretch of the run was trained with them.
  /// @return the number of the stretch that begins or goes on, from 1
  int go_on(const std::string& recipe, const RunLock& lock) const;

 private:
  std::optional<OpenFolder> folder_;
  int lock_ = -1;
};

}  // namespace weft::host
