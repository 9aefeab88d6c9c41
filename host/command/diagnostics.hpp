// SPDX-License-Identifier: Apache-2.0
/// What is wrong with a recipe in the form that editors take, and what can be mended without doubt.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

/// One word of a recipe's text that is to be another.
struct SpellingFix {
  std::string file;
  int line = 0;            ///< from 1
  std::size_t column = 0;  ///< from 0, in bytes
  std::string word, now;
};

/// The fix of a problem that suggests one name, where that is certain: it is one edit away from the
/// word that is there, no other name is as near, and the word stands once on the problem's line.
std::optional<SpellingFix> certain_fix(const Problem& problem);

/// {"file", "line", "column", "severity", "message", "pointer", "source", "range": {"start":
/// {"line", "character"}, "end"}, "fix": {"column", "text", "with"}}; `line` and `column` count
/// from 1, in bytes; `range` as the Language Server Protocol does: from 0, in units of UTF-16. It
/// is that of the word to be mended, or of what begins at the problem's place. No fix where none is
/// certain.
nlohmann::ordered_json diagnostic(const Problem& problem, const char* severity);

/// Applies the fixes to their files. @return how many were applied
/// @throws Error (cannot_create, io) where a file cannot be written
std::size_t apply(std::vector<SpellingFix> fixes);

}  // namespace weft::host
