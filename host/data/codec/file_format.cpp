// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/file_format.hpp"

#include <string_view>

#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/storage/first_bytes.hpp"

namespace weft::host {
void refuse_format(std::span<const std::byte> bytes, std::string_view read,
                   const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const FileFormat* const format = format_of(text);
  if (format == nullptr) {
    cannot_decode(place, concat("it is neither ", read, ", or its head is damaged"));
  }
  const std::string name(format->name);
  const std::size_t word = name.find(' ') + 1;
  const bool is_read = read.find(name.substr(word, name.find(' ', word) - word)) != read.npos;
  if (is_read && format->mark == "ftyp" && text.find("moov") == text.npos) {
    // A recorder or a download that was broken off: the table is often written last.
    cannot_decode(place, concat("it is ", name, " that is cut off: its table (moov) is not there"));
  }
  cannot_decode(place, is_read ? concat("it is ", name, " whose head is damaged")
                               : concat("it is ", name, ", neither ", read));
}

}  // namespace weft::host
