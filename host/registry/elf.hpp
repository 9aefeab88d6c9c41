// SPDX-License-Identifier: Apache-2.0
/// A first look at a file that claims to be a shared library, as bytes: nothing is mapped or run.

#pragma once

#include <filesystem>

namespace weft::host {

/// Throws Error unless `file` is an ELF shared object for this processor whose segments and
/// sections all lie inside the file. A truncated library would otherwise kill the host while it is
/// mapped.
void check_shared_object(const std::filesystem::path& file);

}  // namespace weft::host
