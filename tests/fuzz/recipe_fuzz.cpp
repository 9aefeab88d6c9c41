// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a recipe: read, expanded, checked against the schema and for
/// its meaning. What is sound is written out and read again, and written anew by the formatter.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/recipe/document.hpp"
#include "host/recipe/recipe.hpp"
#include "host/recipe/source_text.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace {

using weft::host::Problem;
using weft::host::Recipe;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

/// Every sentence ends, and has a line in the file.
void require_sentences(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems)
    require(problem.line > 0 && !problem.file.empty() &&
                (problem.text.ends_with('.') || problem.text.ends_with('?')),
            "no sentence with a place: " + problem.sentence());
}

/// Paths stay as they are written, so that the recipe may be read from anywhere.
std::string as_written(const std::string& path, const weft::host::Origin& /*origin*/) {
  return path;
}

Recipe inspected(const weft::fuzz::MemoryFile& file, const std::string& text) {
  file.hold(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return weft::host::inspect_recipe(file.path(), {}, as_written);
}

/// The same recipe comes of what it is written out as.
void require_again(const weft::fuzz::MemoryFile& file, const Recipe& recipe,
                   const std::string& text, const std::string& what) {
  const Recipe again = inspected(file, text);
  if (!again.problems.empty())
    require(false, what + ": " + again.problems.list().front().sentence() + "\n" + text);
  require(again.resolved == recipe.resolved, what + " is another recipe:\n" + text);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const weft::fuzz::MemoryFile file;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const Recipe recipe = inspected(file, text);
    require_sentences(recipe.problems.list());
    require_sentences(recipe.notes);
    if (!recipe.problems.empty()) return 0;
    require_again(file, recipe, recipe.resolved, "the recipe written out");
    require_again(file, recipe, weft::host::formatted(weft::host::read_source(text)),
                  "the formatted recipe");
  } catch (const weft::host::RecipeError& error) {
    require_sentences(error.problems());
  } catch (const weft::host::Error& error) {
    require(error.exit() == weft::host::Exit::bad_recipe, error.what());
  }
  return 0;
}
