// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xgrammar/grammar.h>

#include "host/recipe/generation_plan.hpp"

namespace weft::host {

/// A constraint as XGrammar reads it.
/// @throws Error (bad_recipe) with its message, also where it would leave something out
xgrammar::Grammar grammar_of(const ConstraintPlan& plan);

}  // namespace weft::host
