// SPDX-License-Identifier: Apache-2.0
/// What parts attend to and how far their gates are open, for the samples that a report shows.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/graph/model.hpp"

namespace weft::host {

/// Tokens of a map that stand side by side. An encoder has as many tokens of a field as it makes:
/// one for each patch of a picture, each token of a text, each stretch of a recording.
struct TokenSource {
  std::string field;  ///< of the batch; the node's name where it is not the tokens of one field
  std::int64_t count = 0;
};

/// One output of a part for one sample.
struct TokenMap {
  std::string node, port;            ///< "attention" or "gates"
  std::vector<std::int64_t> sizes;   ///< [heads, queries, sources], or [contexts, queries, width]
  std::vector<float> values;         ///< row-major
  std::vector<TokenSource> queries;  ///< of the second axis
  std::vector<TokenSource> sources;  ///< of the last axis; of gates, a context each
};

/// Node and port of each output on demand named `attention` or `gates` of these nodes.
std::vector<std::pair<std::size_t, std::size_t>> map_ports(const Wiring& wiring,
                                                           const std::vector<std::size_t>& nodes);

/// Those of one output, a sample each; none where it was not computed or has other axes.
/// @param data  the section that the batch is from
std::vector<TokenMap> token_maps(const Wiring& wiring, const std::string& data,
                                 const Values& values, std::pair<std::size_t, std::size_t> port);

}  // namespace weft::host
