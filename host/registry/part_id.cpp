// SPDX-License-Identifier: Apache-2.0
#include "host/registry/part_id.hpp"

#include <weft/abi.h>

#include <algorithm>

namespace weft::host {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_kind(std::string_view word) {
  for (std::uint32_t kind = WEFT_KIND_ENCODER; kind <= WEFT_KIND_FUNCTION; ++kind)
    if (word == kind_name(kind)) return true;
  return false;
}

}  // namespace

const char* kind_name(std::uint32_t kind) {
  switch (kind) {
    case WEFT_KIND_ENCODER: return "encoder";
    case WEFT_KIND_FUSION: return "fusion";
    case WEFT_KIND_REASONING: return "reasoning";
    case WEFT_KIND_DECODER: return "decoder";
    case WEFT_KIND_LOSS: return "loss";
    case WEFT_KIND_METRIC: return "metric";
    case WEFT_KIND_FUNCTION: return "function";
    default: return nullptr;
  }
}

std::optional<PartId> PartId::parse(std::string_view text) {
  PartId id{"weft", "", ""};
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    id.vendor = text.substr(0, slash);
    text.remove_prefix(slash + 1);
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  id.kind = text.substr(0, dot);
  id.name = text.substr(dot + 1);
  if (!is_word(id.vendor) || !is_kind(id.kind) || !is_word(id.name)) return std::nullopt;
  return id;
}

std::string PartId::text() const {
  return (vendor == "weft" ? "" : vendor + "/") + kind + "." + name;
}

}  // namespace weft::host
