// SPDX-License-Identifier: Apache-2.0
/// The folder of one run: recipe.json (resolved), weft.lock, tokenizers/, events.jsonl,
/// checkpoints/, latest.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weft::host {

/// What must be the same to repeat a run; written as weft.lock.
struct RunLock {
  struct Part {
    std::string id, version, file, sha256;
  };
  std::string host_version, torch_version;
  std::uint64_t seed = 0;
  std::map<std::string, std::string> data;        ///< section → fingerprint
  std::map<std::string, std::string> tokenizers;  ///< section → fingerprint, where it has one
  std::map<std::string, Part> parts;              ///< node → the plug-in that it came from
};

/// Compares what a run is evaluated on with its weft.lock, if it has one.
/// @param data, tokenizer  fingerprints of the section, the latter empty without one
/// @return a sentence where other data than in training is read, else empty
/// @throws Error (bad_checkpoint) where the tokenizer is another, whose ids mean other words, and
///         for a damaged weft.lock
std::string changed_data(const std::string& folder, const std::string& section,
                         const std::string& data, const std::string& tokenizer);

/// The section's tokenizer as it was in training: its file in the folder, or empty.
std::string kept_tokenizer(const std::string& folder, const std::string& section);

class RunFolder {
 public:
  enum class Mode { create, resume, overwrite };

  /// Makes or opens the folder and locks it against a second process.
  /// @throws Error (cannot_create) if it is in use, exists already and nothing allows that, or
  ///         cannot be made; (no_input) if there is nothing to resume
  RunFolder(const std::string& path, Mode mode);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string events_path() const { return path_ + "/events.jsonl"; }

  /// Compares the folder's weft.lock, if it has one, with what would go on in it.
  /// @return one sentence for each plug-in or library that has changed
  /// @throws Error (bad_checkpoint) for another seed, other data or another tokenizer, with which
  ///         the rest would not continue what was begun, and for a damaged weft.lock
  std::vector<std::string> changes(const RunLock& lock) const;

  /// Puts the bytes of the section's tokenizer where kept_tokenizer() finds them.
  void keep_tokenizer(const std::string& section, const std::string& bytes) const;

  /// Writes recipe.json and weft.lock.
  void write(const std::string& resolved_recipe, const RunLock& lock) const;

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace weft::host
