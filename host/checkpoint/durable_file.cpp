// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw Error(Exit::io, concat(path, " could not be written: ", std::strerror(errno),
                               ". Free some space or choose another folder; earlier checkpoints "
                               "are untouched."));
}

}  // namespace

DurableFile::DurableFile(const std::string& path)
    : path_(path), descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    throw Error(Exit::cannot_create, concat(path, " cannot be created: ", std::strerror(errno),
                                            ". Check the folder and its rights."));
}

DurableFile::~DurableFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DurableFile::write(const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_);
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

void DurableFile::close() {
  if (fsync(descriptor_) != 0) fail(path_);
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail(path_);
}

void replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  DurableFile file(temporary);
  try {
    file.write(text.data(), text.size());
    file.close();
    std::filesystem::rename(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(std::filesystem::path(path).parent_path().string());
}

void sync_folder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail(folder);
  const int status = fsync(descriptor);
  ::close(descriptor);
  if (status != 0) fail(folder);
}

}  // namespace weft::host
