// SPDX-License-Identifier: Apache-2.0
/// How the host says that something is wrong: one exception type, one sentence, one exit code.
///
/// A sentence says where, what was expected, what was found and what to do. Programmer faults are
/// assertions instead and never reach a user.

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

/// Exit codes of `weft`; the values follow sysexits.h where it has one. docs/exit-codes.md lists
/// them.
enum class Exit : int {
  ok = 0,
  failed = 1,           ///< the run itself failed: a loss became NaN, a check found problems
  usage = 2,            ///< the command line is wrong
  bad_data = 65,        ///< a shard, picture, recording or tokenizer model is damaged or empty
  no_input = 66,        ///< a file that was named does not exist
  plugin = 70,          ///< a plug-in reported a failure or is not a usable plug-in
  no_resources = 71,    ///< memory, open files or threads do not suffice
  cannot_create = 73,   ///< an output file or folder cannot be made
  io = 74,              ///< reading or writing failed half-way
  interrupted = 75,     ///< stopped by a signal after saving; the run can be resumed
  abi_mismatch = 76,    ///< a plug-in speaks another ABI, or needs an operation this host lacks
  bad_checkpoint = 77,  ///< a checkpoint is damaged or belongs to another model
  bad_recipe = 78,      ///< the recipe is wrong; every problem is listed
};

/// A fault that the user can act on. `what()` is the finished sentence, safe to print: whatever it
/// quotes from data, it is one line without control characters, of at most k_sentence_bytes
/// (printable.hpp).
class Error : public std::runtime_error {
 public:
  Error(Exit exit, const std::string& sentence);
  /// What another Error said, with its line ends: for one that crosses from library to library.
  static Error again(Exit exit, const std::string& what);
  Exit exit() const noexcept { return exit_; }

 protected:
  struct Printable {
    std::string text;
  };
  Error(Exit exit, const Printable& lines) : std::runtime_error(lines.text), exit_(exit) {}

 private:
  Exit exit_;
};

/// One problem of a recipe: a place and a sentence.
struct Problem {
  std::string file;     ///< as the user named it; "--set" for an override
  int line = 0;         ///< 1-based; 0 where there is none
  std::string pointer;  ///< JSON pointer, e.g. /graph/fusion/config/heads
  std::string text;     ///< expected, found, remedy
  int column = 0;       ///< 1-based, in bytes; 0 where there is none

  /// "recipes/a.json:12:5: /graph/fusion/use: …", on one line, safe to print.
  std::string sentence() const;
};

/// All problems of a recipe at once. Exit code 78.
class RecipeError : public Error {
 public:
  /// @param recipe  the recipe's name as the user gave it; heads the list
  RecipeError(const std::string& recipe, std::vector<Problem> problems);
  const std::vector<Problem>& problems() const noexcept { return problems_; }

 private:
  std::vector<Problem> problems_;
};

}  // namespace weft::host
