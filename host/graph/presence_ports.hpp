// SPDX-License-Identifier: Apache-2.0
/// Ports that tell a part which samples and which of their elements are there, by their names.
///
/// With the inputs `image`, `image_present`, `text`, `mask` (of `text`) and `present`:
/// `image_present` speaks of `image`, `mask` of `text`, and `present` of the streams that nothing
/// named NAME_present speaks of, here `text`.

#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "host/registry/declarations.hpp"

namespace weft::host {

constexpr std::string_view k_present_port = "present";
constexpr std::string_view k_present_suffix = "_present";

/// The port of which `NAME_present` speaks; nothing for other ports.
std::optional<std::size_t> subject_of(const std::vector<Port>& ports, const Port& port);

/// Whether it is the port `present`.
bool is_for_all(const Port& port);

/// The port whose wires this one follows one by one, as a mask or NAME_present; nothing for others.
std::optional<std::size_t> followed_by(const std::vector<Port>& ports, const Port& port);

/// Whether it carries data: no mask, and nothing that tells of presence.
bool is_stream(const std::vector<Port>& ports, const Port& port);

/// The streams of which `present` speaks.
std::vector<std::size_t> streams_of_all(const std::vector<Port>& ports);

/// Whether its shape has one axis, as [B] has: such a mask tells of samples as a whole.
bool has_one_axis(const Port& port);

}  // namespace weft::host
