// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/findings.hpp"

namespace weft::host {

void Findings::add(const Origin& origin, const std::string& pointer, const std::string& text) {
  if (settled_.contains(pointer)) return;
  all_.add({origin.file ? *origin.file : "", origin.line, pointer, text, origin.column});
}

}  // namespace weft::host
