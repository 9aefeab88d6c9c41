// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/byte_level.hpp"

#include <array>
#include <unordered_map>

namespace weft::host {
namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr std::array<unsigned, 256> k_characters = [] {
  std::array<unsigned, 256> characters{};
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(static_cast<int>(byte)) ? byte : next++;
  }
  return characters;
}();

}  // namespace

std::string byte_character(unsigned char byte) {
  const unsigned character = k_characters[byte];
  if (character < 0x80) return {static_cast<char>(character)};
  return {static_cast<char>(0xc0 | character >> 6), static_cast<char>(0x80 | (character & 0x3f))};
}

std::optional<std::string> bytes_of_characters(std::string_view characters) {
  static const std::unordered_map<std::string_view, char> bytes = [] {
    static std::array<std::string, 256> names;
    std::unordered_map<std::string_view, char> map;
    for (int byte = 0; byte < 256; ++byte) {
      std::string& name = names[static_cast<std::size_t>(byte)];
      name = byte_character(static_cast<unsigned char>(byte));
      map.emplace(name, static_cast<char>(byte));
    }
    return map;
  }();
  std::string result;
  while (!characters.empty()) {
    const std::size_t size = static_cast<unsigned char>(characters[0]) < 0x80 ? 1 : 2;
    const auto found = bytes.find(characters.substr(0, size));
    if (found == bytes.end()) return std::nullopt;
    result += found->second;
    characters.remove_prefix(size);
  }
  return result;
}

}  // namespace weft::host
