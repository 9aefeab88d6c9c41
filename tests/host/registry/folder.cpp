// SPDX-License-Identifier: Apache-2.0
#include "tests/host/registry/folder.hpp"

#include <stdlib.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "host/registry/core_api.hpp"
#include "host/registry/plugin_file.hpp"

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

fs::path Folder::add_unsealed(const std::string& name, const std::string& file_name) {
  fs::path to = path_ / (file_name.empty() ? name + ".so" : file_name);
  fs::copy_file(fs::path(WEFT_BINARY_DIR) / "tests/host/registry/doubles" / (name + ".so"), to);
  return to;
}

fs::path Folder::add(const std::string& name, const std::string& file_name) {
  fs::path to = add_unsealed(name, file_name);
  try {
    host::seal(to, {});
  } catch (const host::Error&) {
    stamp(to, good_manifest());
  }
  return to;
}

fs::path Folder::add_stamped(const std::string& name) {
  fs::path to = add_unsealed(name);
  stamp(to, good_manifest());
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

void stamp(const fs::path& file, const std::string& manifest) {
  std::string bytes = read_file(file);
  const std::string owner = {'W', 'E', 'F', 'T', 0, 0, 0, 0};
  const std::string head = {1, 0, 0, 0};  // the note's type, before its owner
  const auto note = bytes.find(head + owner);
  if (note == std::string::npos) return;  // there is no note to lie in
  std::uint32_t room = 0;
  std::memcpy(&room, &bytes[note - 4], sizeof room);
  const auto text = note + head.size() + owner.size();
  bytes.replace(text, room, manifest + std::string(room - manifest.size(), '\0'));
  std::ofstream(file, std::ios::binary) << bytes;
}

const std::string& good_manifest() {
  static const std::string text = [] {
    const Folder folder;
    const fs::path file = folder.path() / "good.so";
    fs::copy_file(fs::path(WEFT_BINARY_DIR) / "tests/host/registry/doubles/good.so", file);
    host::seal(file, {});
    return host::read_plugin_file(file).manifest;
  }();
  return text;
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_mapped(const fs::path& file) {
  return read_file("/proc/self/maps").find(file.string()) != std::string::npos;
}

}  // namespace weft::test
