// SPDX-License-Identifier: Apache-2.0
/// RUN/evaluation/SPLIT.json: what an evaluation measured, and on what, so that runs can be
/// compared without their models. docs/formats/evaluation.md describes it.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

struct SavedEvaluation {
  std::string split, section;
  std::string stage, xxh3;  ///< of the checkpoint: its stage, and the hash of its weights
  std::int64_t step = 0;    ///< of the checkpoint
  std::int64_t rows = 0;
  std::string keys = {};     ///< fingerprint of the rows' keys in their order
  std::string content = {};  ///< fingerprint of the shards that hold the rows
  /// By metric a JSON object of what decides what it measures: its part, version, configuration,
  /// and the fields of the batch that it reads.
  std::map<std::string, std::string> task = {};
  std::map<std::string, double> values = {};  ///< by "metric.output", as all below
  std::map<std::string, std::map<std::string, double>> by = {};  ///< per group
  /// The value of drawing i of the rows. It draws the same rows in every evaluation of as many.
  std::map<std::string, std::vector<double>> drawings = {};
};

/// As it stands in the file. Numbers that are none become null.
std::string text_of(const SavedEvaluation& evaluation);

/// Reads RUN/evaluation/SPLIT.json.
/// @throws Error (no_input) where the run has none, with what to do; (bad_data) for a damaged one
SavedEvaluation read_evaluation(const OpenFolder& run, const std::string& split);

/// Whether the run has one.
bool has_evaluation(const OpenFolder& run, const std::string& split);

}  // namespace weft::host
