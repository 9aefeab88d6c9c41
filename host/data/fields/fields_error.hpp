// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "host/base/error.hpp"

namespace weft::host {

/// What is wrong with the fields of a section, each by itself: parse_data_options() throws it.
class FieldsError : public Error {
 public:
  explicit FieldsError(std::map<std::string, std::string> sentences);
  /// By field. One sentence for each, of what was found first.
  const std::map<std::string, std::string>& sentences() const { return sentences_; }

 private:
  std::map<std::string, std::string> sentences_;
};

}  // namespace weft::host
