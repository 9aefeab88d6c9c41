// SPDX-License-Identifier: Apache-2.0
#include "host/registry/elf.hpp"

#include <elf.h>
#include <weft/abi.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

#if defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#else
constexpr Elf64_Half this_machine = EM_X86_64;
#endif

constexpr std::size_t most_digits = 4;       // of a major version
constexpr std::size_t most_needed = 1000;    // a library that names more is damaged
constexpr std::size_t most_exported = 1000;  // of more, the rest is not told
constexpr std::size_t longest_name = 200;    // bytes; a longer name is cut

/// Bytes whose reads never leave them.
class Bytes {
 public:
  explicit Bytes(std::span<const char> bytes) : bytes_(bytes) {}

  bool holds(std::uint64_t offset, std::uint64_t length) const {
    return offset <= bytes_.size() && length <= bytes_.size() - offset;
  }
  template <class T>
  bool read(std::uint64_t offset, T& value) const {
    if (!holds(offset, sizeof value)) return false;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return true;
  }
  /// The text at `offset` up to its NUL or to `end`, whichever comes first.
  std::string text(std::uint64_t offset, std::uint64_t end) const {
    if (offset >= end || !holds(offset, end - offset)) return "";
    const char* const begin = bytes_.data() + offset;
    return {begin, ::strnlen(begin, end - offset)};
  }

 private:
  std::span<const char> bytes_;
};

/// Whether the library wants a stack that code can run on: a segment says so, or its absence.
bool wants_executable_stack(const Bytes& bytes, const Elf64_Ehdr& head) {
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (bytes.read(head.e_phoff + i * sizeof segment, segment) && segment.p_type == PT_GNU_STACK)
      return (segment.p_flags & PF_X) != 0;
  }
  return true;
}

bool segments_are_whole(const Bytes& bytes, const Elf64_Ehdr& head) {
  if (head.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!bytes.read(head.e_phoff + i * sizeof segment, segment)) return false;
    if (!bytes.holds(segment.p_offset, segment.p_filesz)) return false;
  }
  return true;
}

/// All section headers, or nothing if one of them or what it describes is not in the file.
std::optional<std::vector<Elf64_Shdr>> whole_sections(const Bytes& bytes, const Elf64_Ehdr& head) {
  if (head.e_shentsize != sizeof(Elf64_Shdr) || head.e_shstrndx >= head.e_shnum)
    return std::nullopt;
  std::vector<Elf64_Shdr> sections(head.e_shnum);
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    Elf64_Shdr& section = sections[i];
    if (!bytes.read(head.e_shoff + i * sizeof section, section)) return std::nullopt;
    const bool in_file = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
    if (in_file && !bytes.holds(section.sh_offset, section.sh_size)) return std::nullopt;
  }
  return sections;
}

/// Reads what read_shared_object() returns; every offset in a section has been checked.
class Reader {
 public:
  Reader(const Bytes& bytes, const std::vector<Elf64_Shdr>& sections, std::uint64_t names,
         const std::string& file)
      : bytes_(bytes), sections_(sections), names_(sections[names]), file_(file) {}

  SharedObject read() {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type == SHT_DYNAMIC) read_dynamic(section);
      if (section.sh_type == SHT_DYNSYM) read_exported(section);
      if (section.sh_type == SHT_NOTE) read_notes(section);
      if (section.sh_type == SHT_PROGBITS && name_of(section) == ".comment") read_compiler(section);
    }
    return std::move(object_);
  }

 private:
  std::string name_of(const Elf64_Shdr& section) const {
    return bytes_.text(names_.sh_offset + section.sh_name, names_.sh_offset + names_.sh_size);
  }

  /// The section holds one text for every tool that worked on the file, the linker among them.
  void read_compiler(const Elf64_Shdr& section) {
    const std::uint64_t end = section.sh_offset + section.sh_size;
    for (std::uint64_t at = section.sh_offset; at < end;) {
      const std::string tool = bytes_.text(at, end);
      const bool compiles = tool.starts_with("GCC") || tool.starts_with("rustc") ||
                            tool.find("clang") != std::string::npos;
      if (compiles && object_.compiler.empty()) object_.compiler = tool;
      at += tool.size() + 1;
    }
  }

  /// The section with the names that this one refers to; null if there is none.
  const Elf64_Shdr* strings_of(const Elf64_Shdr& section) const {
    if (section.sh_link >= sections_.size()) return nullptr;
    const Elf64_Shdr& strings = sections_[section.sh_link];
    return strings.sh_type == SHT_STRTAB ? &strings : nullptr;
  }

  void read_exported(const Elf64_Shdr& section) {
    const Elf64_Shdr* const strings = strings_of(section);
    if (strings == nullptr) return;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      if (!bytes_.read(section.sh_offset + at, symbol)) return;
      const unsigned binding = ELF64_ST_BIND(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL ||
          symbol.st_name >= strings->sh_size)
        continue;
      const std::uint64_t begin = strings->sh_offset + symbol.st_name;
      const std::string name =
          bytes_.text(begin, std::min(begin + longest_name, strings->sh_offset + strings->sh_size));
      note_entry(name);
      const unsigned seen = ELF64_ST_VISIBILITY(symbol.st_other);
      if (seen == STV_HIDDEN || seen == STV_INTERNAL || object_.exported.size() == most_exported)
        continue;
      object_.exported.push_back(name);
      if (binding == STB_GNU_UNIQUE) object_.unique.push_back(name);
    }
  }

  /// Keeps the N of a symbol weft_plugin_vN.
  void note_entry(const std::string& symbol) {
    const std::string_view prefix = "weft_plugin_v";
    if (!symbol.starts_with(prefix)) return;
    const std::string number = symbol.substr(prefix.size());
    if (number.empty() || number.size() > most_digits ||
        number.find_first_not_of("0123456789") != std::string::npos)
      return;
    if (std::find(object_.entries.begin(), object_.entries.end(), number) == object_.entries.end())
      object_.entries.push_back(number);
  }

  void read_dynamic(const Elf64_Shdr& section) {
    const Elf64_Shdr* const found = strings_of(section);
    if (found == nullptr) return;
    const Elf64_Shdr& strings = *found;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= section.sh_size; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      if (!bytes_.read(section.sh_offset + at, entry) || entry.d_tag == DT_NULL) return;
      const bool flagged = entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0;
      if (entry.d_tag == DT_TEXTREL || flagged) object_.text_relocations = true;
      if (entry.d_tag != DT_NEEDED || entry.d_un.d_val >= strings.sh_size) continue;
      if (object_.needed.size() == most_needed)
        throw Error(Exit::plugin, file_ + " is damaged: it needs too many libraries.");
      const std::uint64_t begin = strings.sh_offset + entry.d_un.d_val;
      object_.needed.push_back(
          bytes_.text(begin, std::min(begin + longest_name, strings.sh_offset + strings.sh_size)));
    }
  }

  void read_notes(const Elf64_Shdr& section) {
    std::uint64_t at = 0;
    const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
    for (Elf64_Nhdr note; at + sizeof note <= section.sh_size;) {
      if (!bytes_.read(section.sh_offset + at, note)) return;
      const std::uint64_t owner = at + sizeof note;
      const std::uint64_t text = owner + padded(note.n_namesz);
      if (text > section.sh_size || note.n_descsz > section.sh_size - text) return;
      if (note.n_type == WEFT_NOTE_MANIFEST && note.n_namesz == sizeof WEFT_NOTE_OWNER &&
          bytes_.text(section.sh_offset + owner, section.sh_offset + text) == WEFT_NOTE_OWNER) {
        if (object_.note)
          throw Error(Exit::plugin, file_ +
                                        " holds two manifest notes. Write WEFT_MANIFEST_NOTE, or "
                                        "WEFT_PLUGIN(), once per library.");
        object_.note = ManifestNote{section.sh_offset + text, note.n_descsz};
      }
      at = text + padded(note.n_descsz);
    }
  }

  const Bytes& bytes_;
  const std::vector<Elf64_Shdr>& sections_;
  const Elf64_Shdr& names_;
  const std::string& file_;
  SharedObject object_;
};

}  // namespace

SharedObject read_shared_object(std::span<const char> span, const std::string& name) {
  const Bytes bytes(span);
  Elf64_Ehdr head;
  if (!bytes.read(0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
    throw Error(Exit::plugin, name + " is no plug-in: it is not an ELF shared library.");
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != this_machine)
    throw Error(Exit::plugin, name + " was built for another processor. Rebuild it on this one.");
  if (head.e_type != ET_DYN)
    throw Error(Exit::plugin, name + " is no plug-in: it is an ELF file, but no shared library.");
  const auto sections = whole_sections(bytes, head);
  if (!segments_are_whole(bytes, head) || !sections)
    throw Error(Exit::plugin,
                name + " is damaged: its headers point outside the file. Copy or build it again.");
  SharedObject object = Reader(bytes, *sections, head.e_shstrndx, name).read();
  object.executable_stack = wants_executable_stack(bytes, head);
  return object;
}

}  // namespace weft::host
