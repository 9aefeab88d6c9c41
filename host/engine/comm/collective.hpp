// SPDX-License-Identifier: Apache-2.0
/// Processes that compute together, and what they exchange. A process is called a rank.

#pragma once

#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/base/error.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// Another rank has ended, or the wait for it was too long. The sentence names it. Exit code 75.
class WEFT_ENGINE_API RankLost : public Error {
 public:
  explicit RankLost(const std::string& sentence);
};

/// A fixed set of ranks. All of them make the same calls in the same order, each call with the
/// arguments of the others as far as nothing else is said; but for send() and receive(). Every rank
/// then holds the same bytes. [one thread] @throws RankLost
class WEFT_ENGINE_API Collective {
 public:
  virtual ~Collective() = default;

  virtual int rank() const = 0;  ///< of this process, from 0
  virtual int size() const = 0;  ///< how many ranks there are

  /// Every rank's row, one behind the other. Rows are of one length.
  virtual std::vector<double> table(const std::vector<double>& row) = 0;
  /// What each rank gives, of any length, by rank.
  virtual std::vector<std::string> texts(const std::string& own) = 0;
  /// Whether some rank says so.
  bool any(bool here);

  /// As what float32 gradients travel from now on: float32, as at first, or bfloat16. Each rank's
  /// is rounded to it, added in float32, and the sum is rounded. On all ranks the same.
  virtual void send_gradients_as(DType type) = 0;

  /// Replaces each parameter's gradient by the sum of all ranks'. It is added as TreeSum says.
  /// A gradient that one rank has and another has not counts as it is; one that none has stays
  /// none.
  virtual void sum_gradients(const std::vector<Tensor>& parameters) = 0;

  /// The same for the owner of each parameter alone: the others then have no gradient.
  /// @param owners  a rank for each parameter
  virtual void sum_gradients_to_owners(const std::vector<Tensor>& parameters,
                                       const std::vector<int>& owners) = 0;

  /// The rows [n, …] of all ranks, [size · n, …], by rank. Recorded for backward: a gradient
  /// reaches the rows of this rank alone, which is all of it where every rank computes the same
  /// number from the result. @throws Error (failed) where ranks have other sizes
  virtual Tensor rows_of_all(const Tensor& rows) = 0;

  /// Overwrites each tensor with what its owner has in it.
  /// @param owners  a rank for each tensor
  virtual void spread(const std::vector<Tensor>& tensors, const std::vector<int>& owners) = 0;

  /// Sends tensors of any kind, absent ones too, to one rank, and returns before they have arrived.
  /// Between two ranks each tag is used once until sent().
  virtual void send(const std::vector<Tensor>& tensors, int to, int tag) = 0;
  /// What that rank sends with the tag; waits for it. Tensors are leaves, which learn where what
  /// was sent was recorded.
  virtual std::vector<Tensor> receive(int from, int tag) = 0;
  /// Returns when all that this rank has sent has arrived.
  virtual void sent() = 0;

  /// What this rank is about to do, `stage "fit"` and 12, for the sentence that names it should it
  /// be lost.
  /// @param step  from 1; 0 where the phase has none
  virtual void note(const std::string& phase, std::int64_t step) = 0;
};

/// The process alone: nothing is exchanged and nothing copied.
WEFT_ENGINE_API Collective& one_rank();

}  // namespace weft::host
