// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a plug-in: headers, dynamic section, symbol table, notes and
/// the manifest in one of them, read as a host reads them before it runs anything of the file.

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "host/base/error.hpp"
#include "host/registry/plugin_file.hpp"

namespace {

/// A file in memory that always has the same path.
class MemoryFile {
 public:
  void hold(const std::uint8_t* bytes, std::size_t size) const {
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, bytes, size, 0) != static_cast<ssize_t>(size))
      std::abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  static int create() {
    const int descriptor = ::memfd_create("plug-in", 0);
    if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) std::abort();  // or everyone may write it
    return descriptor;
  }
  int descriptor_ = create();
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const MemoryFile file;
  file.hold(bytes, size);
  try {
    const weft::host::PluginFile read = weft::host::read_plugin_file(file.path());
    if (read.object.note && read.object.note->room > size) std::abort();
    weft::host::checked_manifest(read);
  } catch (const weft::host::Error& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  return 0;
}
