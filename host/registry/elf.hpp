// SPDX-License-Identifier: Apache-2.0
/// A first look at a file that claims to be a plug-in, as bytes: nothing is mapped or run, and no
/// read leaves the bytes, whatever they say.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::host {

/// Where the manifest's text lies: all the room that the note has for it.
struct ManifestNote {
  std::size_t offset = 0;  ///< of the text in the file
  std::size_t room = 0;    ///< bytes
};

/// What the headers of a shared library tell.
struct SharedObject {
  std::vector<std::string> needed;   ///< libraries that it is linked with (DT_NEEDED)
  std::string compiler;              ///< "GCC: (Debian 12.2.0-14) 12.2.0"; empty if it does not say
  std::vector<std::string> entries;  ///< every N for which it exports a symbol weft_plugin_vN
  std::optional<ManifestNote> note;
  std::vector<std::string> exported;  ///< dynamic symbols that others can see
  std::vector<std::string> unique;    ///< those of them that are GNU-unique
  bool text_relocations = false;      ///< its code is patched while it is loaded
  bool executable_stack = false;      ///< its stack is executable, asked for or by omission
};

/// Throws Error, with `name` in the sentence, unless the bytes are an ELF shared object for this
/// processor whose segments and sections all lie inside them. A truncated library would otherwise
/// kill the host while it is mapped.
SharedObject read_shared_object(std::span<const char> bytes, const std::string& name);

}  // namespace weft::host
