// SPDX-License-Identifier: Apache-2.0
#include "tests/host/registry/folder.hpp"

#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "host/registry/core_api.hpp"

namespace weft::test {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "weft-registry-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  fs::remove_all(path_);
}

fs::path Folder::add(const std::string& name, const std::string& file_name) {
  const fs::path to = path_ / (file_name.empty() ? name + ".so" : file_name);
  fs::copy_file(fs::path(WEFT_BINARY_DIR) / "tests/host/registry/doubles" / (name + ".so"), to);
  return to;
}

fs::path Folder::write(const std::string& file_name, const std::string& bytes) {
  std::ofstream(path_ / file_name, std::ios::binary) << bytes;
  return path_ / file_name;
}

Log::Log() {
  host::set_log_sink([this](std::uint32_t, std::string_view text) { lines.emplace_back(text); });
}

Log::~Log() {
  host::set_log_sink({});
}

fs::path fusion_mean() {
  return fs::path(WEFT_BINARY_DIR) / "lib/weft/plugins/libweft_fusion_mean.so";
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_mapped(const fs::path& file) {
  return read_file("/proc/self/maps").find(file.string()) != std::string::npos;
}

}  // namespace weft::test
