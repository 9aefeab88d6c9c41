// SPDX-License-Identifier: Apache-2.0
/// Names of parts: `[vendor/]kind.name`, and `id@range` as a recipe writes it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

/// `encoder` for WEFT_KIND_ENCODER and so on; null for a number that is no kind.
const char* kind_name(std::uint32_t kind);

/// An id taken apart. Every word is of [a-z0-9_]+.
struct PartId {
  std::string vendor;  ///< "weft" where the id names none
  std::string kind;    ///< one of the words of kind_name()
  std::string name;

  /// Nothing if the text is not `[vendor/]kind.name` or the kind is unknown.
  static std::optional<PartId> parse(std::string_view text);
  /// The one spelling of this id: `fusion.mean`, `acme/fusion.mean`; the vendor weft is left out.
  std::string text() const;
};

}  // namespace weft::host
