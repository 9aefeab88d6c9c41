// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/rules_file.hpp"

#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/dataflow_exception.hpp>
#include <boost/archive/iterators/transform_width.hpp>

#include "host/data/text/little_endian.hpp"

namespace weft::host {

std::optional<std::string> from_base64(std::string_view text) {
  using boost::archive::iterators::binary_from_base64;
  using boost::archive::iterators::transform_width;
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
  } catch (const boost::archive::iterators::dataflow_exception&) {
    return std::nullopt;
  }
  return bytes;
}

bool are_rules(std::string_view bytes) {
  constexpr std::size_t k_unit = 4;
  if (bytes.size() < k_unit) return false;
  const std::size_t size = little_endian(bytes.substr(0, k_unit));
  return size > 0 && size % k_unit == 0 && size <= bytes.size() - k_unit;
}

}  // namespace weft::host
