// SPDX-License-Identifier: Apache-2.0
/// Whether the descriptor that a plug-in hands over can be used by this host.

#pragma once

#include <weft/abi.h>

#include <string>

namespace weft::host {

/// Throws Error, with `name` (the library's file name) in the sentence, unless every field that the
/// host will read is there and makes sense. Structs longer than ours are accepted.
void check_descriptor(const weft_plugin* plugin, const std::string& name);

/// Throws Error (plugin) for an id without a vendor, which only Weft's own plug-ins may have, in a
/// library of another vendor.
void check_owner(const std::string& id, const std::string& vendor, const std::string& name);

/// Throws Error (abi_mismatch) unless this host offers the ABI that a plug-in asks for.
void check_abi(std::uint32_t major, std::uint32_t minor_needed, const std::string& name);

}  // namespace weft::host
