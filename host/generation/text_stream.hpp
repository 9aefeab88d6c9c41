// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/generation/processors.hpp"

namespace weft::host {

/// A text as its tokens come: what can be shown already. A character that is not complete waits,
/// and so does what may turn out to be a stop text.
class TextStream {
 public:
  TextStream(std::function<std::string(const Tokens&)> decode, std::vector<std::string> stop)
      : decode_(std::move(decode)), stop_(std::move(stop)) {}

  /// @param tokens  all up to now
  /// @return what follows what was returned before
  std::string next(const Tokens& tokens);

  /// @param text  the whole text, at its end
  std::string rest(const std::string& text);

 private:
  std::function<std::string(const Tokens&)> decode_;
  std::vector<std::string> stop_;
  std::string shown_;
};

}  // namespace weft::host
