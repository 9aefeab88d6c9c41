// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/data_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
constexpr int k_read = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
constexpr int k_folder = O_PATH | O_DIRECTORY | O_CLOEXEC;

/// Opens one part after the other, none of them a link. -1 with errno set on failure.
int open_below(const std::string& folder, const std::string& name) {
  int place = ::open(folder.c_str(), k_folder);
  std::size_t begin = 0;
  while (place >= 0) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    const bool is_last = end == name.size();
    const int next = ::openat(place, part.empty() ? "." : part.c_str(),
                              (is_last ? k_read : k_folder) | O_NOFOLLOW);
    const int error = errno;
    ::close(place);
    errno = error;
    if (is_last) return next;
    place = next;
    begin = end + 1;
  }
  return -1;
}

bool leaves_its_folder(const std::string& name) {
  return name.starts_with('/') || ("/" + name + "/").find("/../") != std::string::npos;
}

/// Empty for a regular file.
std::string problem_of(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a named pipe, not a file";
  if (S_ISSOCK(mode)) return "is a socket, not a file";
  return "is a device, not a file";
}

std::system_error failure() {
  return std::system_error(errno, std::generic_category());
}

}  // namespace

DataFile::DataFile(const std::string& path) {
  // Opening a device may already do something.
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) problem_ = problem_of(status.st_mode);
  if (!problem_.empty()) return;
  number_ = ::open(path.c_str(), k_read);
  if (number_ < 0) problem_ = concat("cannot be opened (", std::strerror(errno), ")");
  look();
}

DataFile::DataFile(const std::string& folder, const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    problem_ = "is no name of a file";
  } else if (leaves_its_folder(name)) {
    problem_ = "leads out of the folder";
  } else if (number_ = open_below(folder, name); number_ < 0) {
    problem_ = errno == ELOOP     ? "is a link, which is not followed"
               : errno == ENOTDIR ? "lies behind a link or a file, not in a folder"
                                  : concat("cannot be opened (", std::strerror(errno), ")");
  }
  look();
}

DataFile::~DataFile() {
  if (number_ >= 0) ::close(number_);
}

void DataFile::look() {
  if (!problem_.empty()) return;
  struct stat status {};
  if (::fstat(number_, &status) != 0) {
    problem_ = concat("cannot be opened (", std::strerror(errno), ")");
  } else {
    problem_ = problem_of(status.st_mode);
  }
  stamp_ = {status.st_size,
            status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec,
            status.st_ino};
}

std::int64_t DataFile::read(void* bytes, std::size_t room) {
  ssize_t count = 0;
  do {
    count = ::read(number_, bytes, room);
  } while (count < 0 && errno == EINTR);
  return count;
}

Bytes DataFile::read_all(std::size_t most) {
  Bytes bytes;
  std::array<std::byte, 1 << 16> buffer;
  std::int64_t count = 0;
  while ((count = read(buffer.data(), buffer.size())) > 0) {
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
    if (bytes.size() > most) throw std::length_error(concat("is larger than ", most, " bytes"));
  }
  if (count < 0) throw failure();
  return bytes;
}

Bytes DataFile::read_at(std::int64_t offset, std::size_t count) const {
  Bytes bytes(count);
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t more = ::pread(number_, bytes.data() + filled, count - filled,
                                 offset + static_cast<std::int64_t>(filled));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) throw failure();
    if (more == 0) break;
    filled += static_cast<std::size_t>(more);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace weft::host
