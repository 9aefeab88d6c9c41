// SPDX-License-Identifier: Apache-2.0
#include "host/base/temporary_folder.hpp"

#include <cstdlib>
#include <system_error>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const std::string& name) {
  std::string path = fs::temp_directory_path() / concat(name, "-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr)
    throw Error(Exit::cannot_create,
                concat("no folder can be made in ", fs::temp_directory_path().string(),
                       ". Name another one in TMPDIR."));
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace weft::host
