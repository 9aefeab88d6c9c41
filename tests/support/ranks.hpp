// SPDX-License-Identifier: Apache-2.0
/// Several ranks in one test: threads that meet as processes do.

#pragma once

#include <functional>
#include <string>

#include "host/engine/comm/c10d.hpp"

namespace weft::test {

/// Runs the body on so many ranks at once and waits for all. With 1 it gets one_rank().
/// @return what the bodies threw, `rank 1: …`, one line each; empty if nothing
std::string on_ranks(int count, const std::function<void(host::Collective&)>& body);

}  // namespace weft::test
