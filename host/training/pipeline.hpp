// SPDX-License-Identifier: Apache-2.0
/// How ranks share the nodes of a graph: each computes neighbouring ones, micro-batch after
/// micro-batch.

#pragma once

#include <cstddef>
#include <vector>

namespace weft::host {

/// Cuts a list of nodes into as many parts as there are ranks, so that the slowest part is as fast
/// as can be; in O(ranks · nodes²).
/// @param seconds   of each node, in the order in which they run
/// @param crossing  seconds that it takes to move what crosses from before a node to it or behind
///                  it; both sides of a border take them
/// @return the first node of each part. REQUIRES: ranks ≤ nodes
std::vector<std::size_t> best_cut(const std::vector<double>& seconds,
                                  const std::vector<double>& crossing, std::size_t ranks);

/// What a rank does in a step, in order: +m is the forward pass of micro-batch m, -m its backward
/// pass, from 1 on. After as many forward passes as there are ranks behind it, it takes turns
/// ("1F1B": Narayanan et al., "PipeDream: generalized pipeline parallelism for DNN training",
/// 2019), so that the first rank keeps what backward needs of `ranks` micro-batches at most.
std::vector<int> one_forward_one_backward(int rank, int ranks, int micro_batches);

/// Seconds of a step: what all ranks do, played through.
/// @param forward, backward  of each rank, of one micro-batch
double forecast(const std::vector<double>& forward, const std::vector<double>& backward,
                int micro_batches);

}  // namespace weft::host
