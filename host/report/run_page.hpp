// SPDX-License-Identifier: Apache-2.0
/// A page about one run, of what its folder holds. docs/report.md says what it shows.

#pragma once

#include <string>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// What only the model and the data can say, as HTML; empty: `weft report` is pointed to.
struct RunPageSamples {
  std::string answers;  ///< confusion and calibration
  std::string samples;  ///< cards
};

/// @throws Error (no_input) where it is no run folder
std::string run_page(const OpenFolder& run, const RunPageSamples& samples);

}  // namespace weft::host
