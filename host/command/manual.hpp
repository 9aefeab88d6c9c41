// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/command/options.hpp"

namespace weft::host {

/// The manual page weft-VERB(1), in the macros of man(7), made of the tables of options.hpp.
std::string manual_page(const Verb& verb);
/// weft(1).
std::string manual_page();

}  // namespace weft::host
