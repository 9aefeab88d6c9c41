// SPDX-License-Identifier: Apache-2.0
/// What makes a wire fit that does not: a function between, by the axis that differs.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

/// A wire whose shape is not the port's. Exit code 78.
class ShapeMisfit : public Error {
 public:
  /// @param input     the wire's number among all of the node, in port order
  /// @param expected  -1 for an axis of any size; empty if there is no saying
  ShapeMisfit(const std::string& sentence, std::size_t input, std::vector<std::int64_t> expected)
      : Error(Exit::bad_recipe, sentence), input_(input), expected_(std::move(expected)) {}

  std::size_t input() const noexcept { return input_; }
  const std::vector<std::int64_t>& expected() const noexcept { return expected_; }

 private:
  std::size_t input_;
  std::vector<std::int64_t> expected_;
};

/// The shipped function that makes tokens [B, N, D] of one shape those of another: another width D
/// by function.linear, another number N by function.resample, one vector by function.pool.
/// @param wire  what is read now, e.g. "text.tokens"
/// @return " Or read it through …", or nothing where no function does it alone
std::string repair_of(const std::vector<std::int64_t>& expected,
                      const std::vector<std::int64_t>& found, const std::string& wire);

}  // namespace weft::host
