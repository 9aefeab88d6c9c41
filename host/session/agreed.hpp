// SPDX-License-Identifier: Apache-2.0
/// What ranks must have alike before they compute together. Internal to host/session.

#pragma once

#include "host/engine/comm/collective.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Compares recipe, plug-ins, data, tokenizers, weights and versions.
/// @param weights  hash of those that are loaded; empty where the recipe makes them
/// @throws what require_same() throws
void require_agreement(Collective& ranks, const Session& session, const RunLock& lock,
                       const std::string& weights);

}  // namespace weft::host
