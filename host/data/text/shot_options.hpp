// SPDX-License-Identifier: Apache-2.0
/// What a text field says of the examples that it shows before its text (few-shot).

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/section/section.hpp"

namespace weft::host {

/// A part of a template: letters, and the value that stands behind them.
struct TemplatePart {
  std::string letters;
  Source value;  ///< empty in a last part of letters alone
};

/// Examples of the training part before a text.
struct ShotOptions {
  int count = 0;                     ///< 0: none
  std::vector<TemplatePart> layout;  ///< of one example
  std::uint64_t seed = 0;
  std::string group_by;  ///< pointer; no example of the text's own group is shown. Empty: any
};

/// Of the field's key `shots`; without it no example is shown.
ShotOptions shot_options(const Section& field);

}  // namespace weft::host
