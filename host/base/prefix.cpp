// SPDX-License-Identifier: Apache-2.0
#include "host/base/prefix.hpp"

#include <dlfcn.h>

#include <string_view>

namespace weft::host {

namespace fs = std::filesystem;

fs::path installed_prefix() {
  Dl_info info{};
  const auto here = reinterpret_cast<const void*>(&installed_prefix);
  // A program's own name may be what its user typed; a library's is its path.
  const bool in_library = ::dladdr(here, &info) != 0 && info.dli_fname != nullptr &&
                          std::string_view(info.dli_fname).find(".so") != std::string_view::npos;
  const fs::path file = in_library ? fs::path(info.dli_fname) : fs::path("/proc/self/exe");
  return fs::canonical(file).parent_path().parent_path();
}

}  // namespace weft::host
