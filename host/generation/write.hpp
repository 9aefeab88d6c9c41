// SPDX-License-Identifier: Apache-2.0
/// What the entries of `evaluate.generate` write for a batch.

#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/generation/constraints.hpp"
#include "host/generation/decoder.hpp"

namespace weft::host {

struct WriteRequest {
  const std::vector<GenerationPlan>& entries;
  std::int64_t rows = 0;                                  ///< of the batch
  std::uint64_t first_row = 0;                            ///< number of the first in all batches
  std::function<std::string(const Tokens&)> decode = {};  ///< null: the section has no tokenizer
  /// For a field that a decoder writes what its rows begin with, without the begin token.
  std::map<std::string, std::vector<Tokens>> prompts = {};
  /// Is told a decoder's texts after each token, as Search::watch.
  std::function<void(const Node& decoder, const std::vector<Sequence>&)> watch = {};
  Constraints* constraints = nullptr;  ///< of the entries; null: none of them has one
};

/// The entry whose node, or a view of it, this is; null where there is none.
const GenerationPlan* entry_of(const std::vector<GenerationPlan>& entries, const Node& node);

/// Lets decoders write in the order of the entries. What one writes fills the field that it reads
/// in training, for the decoders behind it: nodes that read this field run anew for them, so that
/// an answer follows from the reasons that were written before. A view has its own such fields.
/// @param nodes   decoders to write; the entries before one of them write too where it needs them
/// @param values  of nodes that need none of these fields, those that `nodes` are wired to
/// @return by node, the texts of each row
/// @throws Error (bad_recipe) for a node that cannot generate, and for stop texts where nothing
///         decodes tokens
std::map<std::size_t, Written> write_texts(const Model& model,
                                           const std::vector<std::size_t>& nodes,
                                           const Values& values, const TensorMap& batch,
                                           const WriteRequest& request);

/// The nodes that must write so that these can, themselves included, in the order of the entries.
std::vector<std::size_t> writers_for(const Wiring& wiring, const std::vector<std::size_t>& nodes,
                                     const std::vector<GenerationPlan>& entries,
                                     const std::string& data);

/// The nodes that must run before a decoder, its own tokens aside.
std::vector<std::size_t> upstream(const Wiring& wiring, std::size_t node, const std::string& data);

/// Whether any of the nodes reads one of the fields, as it is or in another order.
bool reads_any(const Wiring& wiring, const std::vector<std::size_t>& nodes, const std::string& data,
               const std::set<std::string>& fields);

/// What write_texts() finds as tokens [B, S] of each row's best text.
Tensor best_tokens(const Written& written, std::int64_t pad_id);

}  // namespace weft::host
