// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/rules_file.hpp"

#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/dataflow_exception.hpp>
#include <boost/archive/iterators/transform_width.hpp>

namespace weft::host {

std::optional<std::string> from_base64(std::string_view text) {
  using namespace boost::archive::iterators;
  using Bytes = transform_width<binary_from_base64<std::string_view::const_iterator>, 8, 6>;
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  const std::size_t size = text.size() * 6 / 8;
  std::string bytes;
  bytes.reserve(size);
  try {
    Bytes at(text.begin());
    for (std::size_t i = 0; i < size; ++i, ++at) bytes += static_cast<char>(*at);
  } catch (const dataflow_exception&) {
    return std::nullopt;
  }
  return bytes;
}

std::uint32_t little_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool are_rules(std::string_view bytes) {
  constexpr std::size_t k_unit = sizeof(std::uint32_t);
  if (bytes.size() < k_unit) return false;
  const std::size_t size = little_endian(bytes.data());
  return size > 0 && size % k_unit == 0 && size <= bytes.size() - k_unit;
}

}  // namespace weft::host
