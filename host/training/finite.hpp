// SPDX-License-Identifier: Apache-2.0
/// What must not be saved: numbers that are not finite.

#pragma once

#include <set>
#include <string>

#include "host/base/error.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// Numbers that are not finite are about to be saved; the sentence has no remedy.
class NotFiniteWeights : public Error {
 public:
  using Error::Error;
};

/// Keeps weights that are not finite from being saved.
class FiniteWeights {
 public:
  /// @param model  as it is before its first step: a buffer that holds such numbers from its
  ///               declaration on, as a mask of -inf does, may hold them later
  explicit FiniteWeights(const Model& model);

  /// Of a piece on all ranks, which then throw alike.
  /// @throws NotFiniteWeights (failed) naming stage, step and tensor where a parameter, another
  ///         buffer or a moment of the optimiser is not finite
  void require(const Checkpoint& checkpoint, Collective& ranks = one_rank()) const;

 private:
  std::string not_finite(const Checkpoint& checkpoint) const;

  std::set<std::string> excepted_;
};

}  // namespace weft::host
