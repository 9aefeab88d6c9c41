// SPDX-License-Identifier: Apache-2.0
#include "host/report/file_text.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"

namespace weft::host {

std::string file_text(const OpenFolder& folder, const std::string& name, std::size_t most) {
  InputFile file(folder, name);
  if (file.size() > most)
    throw Error(Exit::bad_data, concat(file.path(), " is longer than ", most,
                                       " bytes, which no run writes. Remove it."));
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size());
  return text;
}

}  // namespace weft::host
