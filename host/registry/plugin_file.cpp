// SPDX-License-Identifier: Apache-2.0
#include "host/registry/plugin_file.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/registry/descriptor.hpp"
#include "host/registry/probe.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = std::uintmax_t{2} << 30;  // bytes

std::string hex_sha256(std::span<const char> bytes) {
  std::array<unsigned char, 32> digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::vector<char> read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error(Exit::no_input, concat(file.string(), " cannot be opened (", ::strerror(errno),
                                       "). Check the path and your right to read it."));
  std::error_code unknown;
  const std::uintmax_t size = fs::file_size(file, unknown);
  std::vector<char> bytes(unknown ? 0 : size);
  if (unknown || !stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw Error(Exit::io, file.string() + " cannot be read to its end. Copy it anew.");
  return bytes;
}

bool is_trusted(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  const char* const variable = std::getenv("WEFT_PLUGIN_OWNERS");
  std::istringstream owners(variable == nullptr ? "" : variable);
  for (std::string id; std::getline(owners, id, ':');)
    if (id == std::to_string(owner)) return true;
  return false;
}

void check_writers(const fs::path& file, const std::string& name) {
  struct stat own {
  }, folder{};
  std::error_code nameless;                             // a file in memory has no path of its own
  const fs::path real = fs::canonical(file, nameless);  // what a link leads to
  const fs::path parent = (nameless ? fs::absolute(file) : real).parent_path();
  if (::stat(file.c_str(), &own) != 0 || ::stat(parent.c_str(), &folder) != 0)
    throw Error(Exit::no_input, concat(file.string(), " cannot be examined (", ::strerror(errno),
                                       "). Check the rights of its folders."));
  if (!is_trusted(own.st_uid))
    throw Error(Exit::plugin, concat(name, " belongs to user ", own.st_uid,
                                     ", who could put other code into it. Copy it, or name that "
                                     "user in WEFT_PLUGIN_OWNERS."));
  if ((own.st_mode & S_IWOTH) != 0)
    throw Error(Exit::plugin,
                name + " can be written by everyone. Take that right away: chmod o-w.");
  if ((folder.st_mode & S_IWOTH) != 0 && (folder.st_mode & S_ISVTX) == 0)
    throw Error(Exit::plugin, concat(name, " lies in ", parent.string(),
                                     ", which everyone can write. Move it, or chmod o-w that."));
}

void require_regular(const fs::path& file) {
  std::error_code unreachable;
  const fs::file_status status = fs::status(file, unreachable);
  if (status.type() == fs::file_type::not_found)
    throw Error(Exit::no_input, file.string() + ": no such file.");
  if (status.type() == fs::file_type::regular) return;
  const std::string why = unreachable ? unreachable.message() : "it is not a regular file";
  throw Error(Exit::plugin, concat(file.filename().string(), " is no plug-in: ", why, "."));
}

/// Throws unless the file exports the entry of our own major version.
void check_entry(const SharedObject& object, const std::string& name) {
  if (object.entries.empty())
    throw Error(Exit::plugin, name + " is no plug-in: it exports no symbol " WEFT_ENTRY_NAME ".");
  const std::string ours = std::to_string(WEFT_ABI_MAJOR);
  if (std::find(object.entries.begin(), object.entries.end(), ours) != object.entries.end()) return;
  const std::string theirs = enumerate(object.entries);
  throw Error(Exit::abi_mismatch,
              concat(name, " was built for ABI ", theirs, "; this host offers ", WEFT_ABI_MAJOR,
                     ".", WEFT_ABI_MINOR, ". Use a host that offers ABI ", theirs,
                     ", or rebuild the plug-in with SDK ", WEFT_ABI_MAJOR, ".x."));
}

void check_tier(const Manifest& manifest, const PluginFile& file) {
  const auto torch =
      std::find_if(file.object.needed.begin(), file.object.needed.end(), [](const auto& library) {
        return library.starts_with("libtorch") || library.starts_with("libc10");
      });
  if (manifest.tier == "c-abi" && torch != file.object.needed.end())
    throw Error(Exit::plugin, concat(file.name(), " says that it is of tier c-abi, but it links ",
                                     *torch, ". Seal it with --tier torch-full --torch VERSION."));
  if (manifest.tier == "torch-full" && manifest.torch != WEFT_TORCH_VERSION)
    throw Error(Exit::abi_mismatch,
                concat(file.name(), " was built with LibTorch ", manifest.torch,
                       "; this host runs " WEFT_TORCH_VERSION
                       ". Rebuild it with that one, or as tier c-abi, which links none."));
}

}  // namespace

PluginFile read_plugin_file(const fs::path& file) {
  PluginFile read;
  read.path = file;
  const std::string name = read.name();
  require_regular(file);
  check_writers(file, name);
  std::error_code unknown;
  if (fs::file_size(file, unknown) > largest_file)
    throw Error(Exit::plugin, name + " is no plug-in: it is larger than 2 GiB.");
  const std::vector<char> bytes = read_bytes(file);
  read.object = read_shared_object(bytes, name);
  read.sha256 = hex_sha256(bytes);
  check_entry(read.object, name);
  if (const auto& note = read.object.note) {
    const char* const text = bytes.data() + note->offset;
    read.manifest.assign(text, ::strnlen(text, note->room));
  }
  return read;
}

std::string foreign_library(const SharedObject& object) {
  static constexpr const char* everywhere[] = {
      "libc.so",    "libm.so",     "libstdc++.so", "libgcc_s.so",  "libpthread.so", "libdl.so",
      "librt.so",   "ld-linux",    "libc++.so",    "libc++abi.so", "libunwind.so",
#ifdef __SANITIZE_ADDRESS__
      "libasan.so", "libubsan.so",  // which a sanitised host has
#endif
  };
  for (const std::string& library : object.needed)
    if (std::none_of(std::begin(everywhere), std::end(everywhere),
                     [&](const char* name) { return library.starts_with(name); }))
      return library;
  return "";
}

Manifest checked_manifest(const PluginFile& file) {
  if (file.manifest.empty())
    throw Error(Exit::plugin, concat(file.name(),
                                     " holds no manifest. Build it with weft_add_plugin(), or run "
                                     "`weft plugin seal ",
                                     file.path.string(), "`."));
  Manifest manifest = parse_manifest(file.manifest, file.name());
  check_abi(manifest.abi_major, manifest.abi_minor, file.name());
  check_tier(manifest, file);
  return manifest;
}

void seal(const fs::path& file, const SealFacts& facts) {
  const PluginFile vetted = read_plugin_file(file);
  const std::string name = vetted.name();
  if (!vetted.object.note)
    throw Error(Exit::plugin, name +
                                  " has no room for a manifest. Write WEFT_MANIFEST_NOTE, or "
                                  "WEFT_PLUGIN(), in one of its sources.");
  if (const std::string foreign = foreign_library(vetted.object);
      facts.tier != "torch-full" && !foreign.empty())
    throw Error(Exit::plugin, concat(name, " needs ", foreign,
                                     ", which a host need not have. A plug-in is one file: link "
                                     "that library statically."));
  const ProbeReport report = probe(file, facts);
  if (report.exit != Exit::ok) throw Error(report.exit, report.text);
  const auto [offset, room] = *vetted.object.note;
  if (report.text.size() > room)
    throw Error(Exit::plugin, concat("the manifest of ", name, " is ", report.text.size(),
                                     " bytes long, and its note has room for ", room,
                                     ". Compile it with -DWEFT_MANIFEST_BYTES=",
                                     (report.text.size() / 4096 + 1) * 4096, "."));
  if (report.text.size() > longest_manifest)
    throw Error(Exit::plugin, concat("the manifest of ", name, " is ", report.text.size(),
                                     " bytes long; a host reads ", longest_manifest,
                                     ". Divide the library into several."));
  std::vector<char> bytes = read_bytes(file);
  if (hex_sha256(bytes) != vetted.sha256)
    throw Error(Exit::plugin, name + " changed while it was sealed. Start again.");
  const auto text = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  std::fill_n(text, room, '\0');
  std::copy(report.text.begin(), report.text.end(), text);

  const fs::path real = fs::canonical(file);  // what a link leads to, not the link
  const fs::path temporary = fs::path(real).concat(".sealing");
  std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  std::error_code failed;
  if (stream) fs::permissions(temporary, fs::status(real).permissions(), failed);
  if (stream && !failed) fs::rename(temporary, real, failed);
  if (stream && !failed) return;
  fs::remove(temporary, failed);
  throw Error(Exit::io, concat(file.string(),
                               " cannot be written. Check the rights of its folder and "
                               "the space left on its disk."));
}

std::string file_key(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "";
  return concat(status.st_dev, ".", status.st_ino, ".", status.st_size, ".", status.st_mtim.tv_sec,
                ".", status.st_mtim.tv_nsec, ".", status.st_ctim.tv_sec, ".",
                status.st_ctim.tv_nsec);
}

std::string sha256(const fs::path& file) {
  require_regular(file);
  return hex_sha256(read_bytes(file));
}

}  // namespace weft::host
