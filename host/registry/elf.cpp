// SPDX-License-Identifier: Apache-2.0
#include "host/registry/elf.hpp"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <fstream>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

#if defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#else
constexpr Elf64_Half this_machine = EM_X86_64;
#endif

/// A file whose reads never leave it.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& file)
      : stream_(file, std::ios::binary), size_(std::filesystem::file_size(file)) {}

  bool holds(std::uint64_t offset, std::uint64_t length) const {
    return offset <= size_ && length <= size_ - offset;
  }

  template <class T>
  bool read(std::uint64_t offset, T& value) {
    if (!holds(offset, sizeof value)) return false;
    stream_.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(stream_.read(reinterpret_cast<char*>(&value), sizeof value));
  }

 private:
  std::ifstream stream_;
  std::uint64_t size_;
};

bool segments_are_whole(Bytes& bytes, const Elf64_Ehdr& head) {
  if (head.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!bytes.read(head.e_phoff + i * sizeof segment, segment)) return false;
    if (!bytes.holds(segment.p_offset, segment.p_filesz)) return false;
  }
  return true;
}

bool sections_are_whole(Bytes& bytes, const Elf64_Ehdr& head) {
  if (head.e_shentsize != sizeof(Elf64_Shdr) || head.e_shstrndx >= head.e_shnum) return false;
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    Elf64_Shdr section;
    if (!bytes.read(head.e_shoff + i * sizeof section, section)) return false;
    const bool in_file = section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL;
    if (in_file && !bytes.holds(section.sh_offset, section.sh_size)) return false;
  }
  return true;
}

}  // namespace

void check_shared_object(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  if (!std::filesystem::exists(file))
    throw Error(Exit::no_input, file.string() + ": no such file.");
  if (!std::filesystem::is_regular_file(file))
    throw Error(Exit::plugin, name + " is no plug-in: it is not a regular file.");

  Bytes bytes(file);
  Elf64_Ehdr head;
  if (!bytes.read(0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
    throw Error(Exit::plugin, name + " is no plug-in: it is not an ELF shared library.");
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != this_machine)
    throw Error(Exit::plugin, name + " was built for another processor. Rebuild it on this one.");
  if (head.e_type != ET_DYN)
    throw Error(Exit::plugin, name + " is no plug-in: it is an ELF file, but no shared library.");
  if (!segments_are_whole(bytes, head) || !sections_are_whole(bytes, head))
    throw Error(Exit::plugin,
                name + " is damaged: its headers point outside the file. Copy or build it again.");
}

}  // namespace weft::host
