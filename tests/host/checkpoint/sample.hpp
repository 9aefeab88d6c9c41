// SPDX-License-Identifier: Apache-2.0
/// A small checkpoint, and what is read back of a folder that holds some.

#pragma once

#include <optional>
#include <string>
#include <utility>

#include "host/base/error.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "tests/support/component.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {

inline host::Checkpoint sample(std::int64_t step = 3, const std::string& stage = "fit") {
  host::Checkpoint checkpoint;
  checkpoint.stage = stage;
  checkpoint.step = step;
  checkpoint.model = {{"vision.weight", random({4, 3}, static_cast<int>(step))},
                      {"vision.mean", random({3}, 1, DType::float64)},
                      {"digit.seen", ints({step}, {1})}};
  checkpoint.optimizer = {{"vision.weight.exp_avg", random({4, 3}, 2)},
                          {"vision.weight.step", floats({static_cast<double>(step)}, {})}};
  checkpoint.data = {{"epoch", 2}, {"offset", 5'000'000'000}};
  checkpoint.parts = {{"vision", {"encoder.vit", 1}}, {"digit", {"decoder.classifier", 2}}};
  return checkpoint;
}

inline host::OpenFolder in(const TemporaryFolder& run) {
  return host::OpenFolder(run.path(""));
}

/// What goes on in a run of the stages "align" and "fit"; `told` is given what is said of it.
inline std::optional<host::Checkpoint> newest(const TemporaryFolder& run,
                                              std::string* told = nullptr) {
  return host::newest_checkpoint(in(run), {"align", "fit"}, [&](const std::string& sentence) {
    if (told != nullptr) *told += sentence;
  });
}

template <class Body>
std::pair<host::Exit, std::string> error_of(const Body& body) {
  try {
    body();
    return {host::Exit::ok, "nothing"};
  } catch (const host::Error& error) {
    return {error.exit(), error.what()};
  }
}

}  // namespace weft::test
