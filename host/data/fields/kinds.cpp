// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/kinds.hpp"

#include <algorithm>

#include "host/base/text.hpp"

namespace weft::host {

using Kind = std::shared_ptr<const FieldKind>;

// Each kind in a file of its own.
Kind array_kind(const Section& section, const Source& source);
Kind boxes_kind(const Section& section, const Source& source);
Kind group_kind(const Section& section, const Source& source);
Kind number_kind(const Section& section, const Source& source);
Kind texts_kind(const Section& section, const Source& source);

namespace {

constexpr KindEntry k_kinds[] = {
    {"group", "cls", group_kind},  {"number", "txt", number_kind}, {"array", "npy", array_kind},
    {"boxes", "json", boxes_kind}, {"texts", "json", texts_kind},
};

}  // namespace

const KindEntry* find_kind(const std::string& name) {
  const auto found = std::ranges::find(k_kinds, name, &KindEntry::name);
  return found == std::end(k_kinds) ? nullptr : found;
}

std::string kind_names() {
  std::string names;
  for (const KindEntry& kind : k_kinds) {
    const bool is_last = &kind == std::end(k_kinds) - 1;
    names += concat(names.empty() ? "" : is_last ? " or " : ", ", kind.name);
  }
  return names;
}

}  // namespace weft::host
