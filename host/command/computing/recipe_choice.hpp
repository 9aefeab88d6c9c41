// SPDX-License-Identifier: Apache-2.0
/// What a first recipe over some data learns from what: the rules of `weft new recipe`.

#pragma once

#include <string>
#include <vector>

#include "host/data/inspect/first_look.hpp"

namespace weft::host {

enum class Task { classify, write_text, estimate_number };

struct Choice {
  Task task = Task::classify;
  const Column* target = nullptr;
  std::string why;  ///< the end of a sentence
  // What the model sees.
  bool sees_picture = false, hears_recording = false;
  const Column* text = nullptr;
  std::vector<const Column*> numbers;
};

/// Without a wish, the first of these that is there is the target: the folders of classes (`cls`);
/// beside pictures or recordings a column that is called a caption or a transcript; a column that
/// is called a label and has few values; beside pictures or recordings any text; a column of few
/// values; the last column of numbers by name. Inputs are pictures and recordings; unless a text is
/// written beside these, the first column of texts by name; and without them all columns of
/// numbers.
/// @param wish  the column that --target names, or empty
/// @throws Error (usage) when there is no such column, or none can be learned
Choice choose(const FirstLook& look, const std::string& wish);

}  // namespace weft::host
