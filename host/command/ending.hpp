// SPDX-License-Identifier: Apache-2.0
/// How a verb ended: the one map from what was thrown to an exit code and a sentence.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

struct Ending {
  Exit exit = Exit::ok;
  std::string sentence;
  std::vector<Problem> problems;  ///< of a recipe that is wrong
};

/// An ending that came from the other library, on its way through this one.
class VerbFailed : public Error {
 public:
  explicit VerbFailed(Ending ending)
      : Error(Error::again(ending.exit, ending.sentence)), ending_(std::move(ending)) {}
  const Ending& ending() const noexcept { return ending_; }

 private:
  Ending ending_;
};

/// The exception being handled. To be called within a handler only.
///
/// An Error brings its own code. A system error's code follows its number: what is not there is 66,
/// what cannot be made 73, what memory, files or threads do not suffice for 71, the rest 74.
/// Missing memory is 71. Anything else is an internal error, 70.
Ending current_ending();

/// The ending as the JSON document that `--json` prints instead of a result.
std::string json_text(const Ending& ending);

}  // namespace weft::host
