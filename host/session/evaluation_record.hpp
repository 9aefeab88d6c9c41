// SPDX-License-Identifier: Apache-2.0
/// Keeps what an evaluation measured in its run's folder.

#pragma once

#include "host/base/open_folder.hpp"
#include "host/report/saved_evaluation.hpp"
#include "host/session/result.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Drawings that are kept of an evaluation of so many rows: 1000, of more than 2,000 rows fewer,
/// at least 200, so that drawing takes no longer than measuring.
std::int64_t kept_drawings(std::int64_t rows);

/// What RUN/evaluation/SPLIT.json says of it.
SavedEvaluation record_of(const Session& session, const SavedWeights& weights,
                          const std::string& split, const Evaluation& evaluation);

/// Writes it. @throws Error (cannot_create), (io)
void save_evaluation(const OpenFolder& run, const SavedEvaluation& saved);

}  // namespace weft::host
