// SPDX-License-Identifier: Apache-2.0
#include "host/generation/constraints.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

const Constraint* Constraints::of(const GenerationPlan& entry, std::int64_t end_id) {
  if (entry.constrain.kind == ConstraintPlan::Kind::none) return nullptr;
  const auto key = std::pair(entry.node, end_id);
  if (const auto known = compiled_.find(key); known != compiled_.end()) return &known->second;
  if (!tokens_)
    throw Error(Exit::bad_recipe, concat("data section \"", data_,
                                         "\" has no tokenizer, so that nothing says which text "
                                         "tokens are. Remove \"constrain\" of the entry of \"",
                                         entry.node, "\"."));
  try {
    return &compiled_.emplace(key, Constraint(entry.constrain, tokens_(), end_id)).first->second;
  } catch (const Error& error) {
    throw Error(error.exit(), concat("what \"", entry.node, "\" writes into data section \"", data_,
                                     "\" cannot be constrained: ", error.what()));
  }
}

}  // namespace weft::host
