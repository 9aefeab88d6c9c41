// SPDX-License-Identifier: Apache-2.0
/// RUN/weft.lock: what must be the same to repeat a run.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

struct RunLock {
  struct Part {
    std::string id, version, file, sha256;
  };
  std::string host_version, torch_version;
  std::uint64_t seed = 0;
  int threads = 0;     ///< of one tensor operation
  std::string cpu;     ///< the vector instructions that LibTorch used: "AVX2"
  std::string folder;  ///< the run's, absolute, from which its recipe's paths lead
  std::map<std::string, std::string> data;        ///< section → fingerprint
  std::map<std::string, std::string> tokenizers;  ///< section → fingerprint, where it has one
  std::map<std::string, Part> parts;              ///< node → the plug-in that it came from
  /// Runs that views are of: folder → hash of the weights that were taken.
  std::map<std::string, std::string> runs = {};
  std::string device = "cpu";  ///< or "cuda:0, NVIDIA H100 80GB HBM3"
  std::string abi = {};        ///< the host's: "0.10"
};

/// As it stands in the file.
std::string text_of(const RunLock& lock);

/// Compares a run's weft.lock, if it has one, with what would go on in it.
/// @return one sentence for each thing that has changed and may change numbers: plug-ins,
///         libraries, the device, the processor's capability, the number of threads
/// @throws Error (bad_checkpoint) for another seed, other data or another tokenizer, with which
///         the rest would not continue what was begun, and for a damaged weft.lock
std::vector<std::string> changes_on_resuming(const OpenFolder& run, const RunLock& lock);

/// The same with what a run is evaluated with. Sections that `lock` does not name are passed over.
/// @return one sentence for each thing that has changed, other data included; one that says so
/// where
///         there is no weft.lock to compare with
/// @throws Error (bad_checkpoint) where the tokenizer is another, whose ids mean other words, and
///         for a damaged weft.lock
std::vector<std::string> changes_on_evaluating(const OpenFolder& run, const RunLock& lock);

/// The folder's absolute path when the run's weft.lock was written; empty where it is not known.
std::string folder_when_written(const OpenFolder& run);

/// With how many threads the run was trained; 0 where that is not known.
int threads_when_written(const OpenFolder& run);

/// The fingerprints of the tokenizers that the run was trained with.
std::set<std::string> tokenizers_when_written(const OpenFolder& run);

/// Whether the two say the same of everything but where the folder is. @param other  a file's text
bool says_the_same(const std::string& text, const std::string& other);

/// Whether the folder holds a weft.lock that a run has written.
bool has_lock(const OpenFolder& run);

}  // namespace weft::host
