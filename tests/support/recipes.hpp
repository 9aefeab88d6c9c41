// SPDX-License-Identifier: Apache-2.0
/// Small recipes for tests, and what reading, wiring and training them gives.

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::test {

/// A folder that is removed, with all in it, at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Path of an entry of the folder.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string folder_;
};

/// A picture classifier on the digits set with two parts and one loss: vision → digit, loss ce.
std::string small_recipe();

/// Answers a picture of the digits set with a text, token by token: vision → answer, loss ce, whose
/// answers differ in length.
std::string answering_recipe();

/// Reads `text` as a recipe, with overrides.
host::Recipe read_text(const std::string& text, const std::vector<std::string>& overrides = {});

/// The plug-ins of these folders, with the engine's tables.
host::Registry parts_in(const std::vector<std::filesystem::path>& folders);

/// The shipped plug-ins and those that WEFT_PLUGIN_PATH names, with the engine's tables.
const host::Registry& shipped_parts();

/// Wires a recipe as `weft check` does.
host::Wiring wire(const host::Recipe& recipe);

}  // namespace weft::test
