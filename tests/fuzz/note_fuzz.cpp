// SPDX-License-Identifier: Apache-2.0
/// Bytes of a file that claims to be a plug-in: headers, dynamic section, symbol table, notes and
/// the manifest in one of them, read as a host reads them before it runs anything of the file.

#include <cstdlib>

#include "host/base/error.hpp"
#include "host/registry/plugin_file.hpp"
#include "tests/fuzz/memory_file.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const weft::fuzz::MemoryFile file;
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
