// SPDX-License-Identifier: Apache-2.0
/// Where plug-ins lie, and what identifies a file.

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "host/registry/registry.hpp"

namespace weft::host {

namespace fs = std::filesystem;

std::vector<fs::path> default_search_path() {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("WEFT_PLUGIN_PATH")) {
    std::istringstream names(variable);
    for (std::string name; std::getline(names, name, ':');)
      if (!name.empty()) folders.emplace_back(name);
  }
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  const fs::path shipped = program.parent_path().parent_path() / "lib" / "weft" / "plugins";
  if (!unknown && fs::is_directory(shipped)) folders.push_back(shipped);
  return folders;
}

std::string sha256(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(Exit::no_input, file.string() + " cannot be opened.");
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  std::array<char, 1 << 16> block;
  while (stream.read(block.data(), block.size()) || stream.gcount() > 0)
    EVP_DigestUpdate(digest.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
  if (stream.bad()) throw Error(Exit::io, file.string() + " cannot be read to its end.");

  std::array<unsigned char, 32> bytes;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), nullptr);
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace weft::host
