// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

std::string temporary(const std::string& path) {
  return path + ".tmp";
}

/// Makes the names in the folder of `name` survive a power cut.
void flush_folder_of(int folder, const std::string& name, const std::string& path) {
  const std::string parent = std::filesystem::path(name).parent_path().string();
  const int number =
      ::openat(folder, parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = number >= 0 && ::fsync(number) == 0;
  const int reason = errno;
  if (number >= 0) ::close(number);
  if (!done) {
    throw Error(Exit::io, concat("the folder of ", path, " cannot be written to disk: ",
                                 std::strerror(reason), ". Check the disk."));
  }
}

}  // namespace

DigestSum::DigestSum() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void DigestSum::add(const void* bytes, std::size_t count) {
  XXH3_128bits_update(state_.get(), bytes, count);
  bytes_ += count;
}

FileDigest DigestSum::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  char digits[33];
  std::snprintf(digits, sizeof digits, "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return {bytes_, digits};
}

// O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
InputFile::InputFile(std::string path)
    : path_(std::move(path)), number_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (number_ < 0) {
    throw Error(Exit::no_input,
                concat(path_, " cannot be opened: ", std::strerror(errno), ". Check the path."));
  }
  struct stat status {};
  if (::fstat(number_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(number_);
    throw Error(Exit::no_input,
                concat(path_, " is not a file but a folder, a device or a pipe. Check the path."));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::InputFile(const OpenFolder& folder, const std::string& name)
    : path_(folder.path_of(name)), number_(folder.open_file(name)) {
  struct stat status {};
  if (::fstat(number_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(number_);
}

void InputFile::read(void* bytes, std::size_t count) {
  auto* to = static_cast<std::byte*>(bytes);
  while (count > 0) {
    const ssize_t got = ::read(number_, to, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(Exit::io, concat(path_, " cannot be read: ",
                                   got < 0 ? std::strerror(errno) : "it ended while it was read",
                                   ". Try again; if it stays, copy the file anew."));
    }
    to += got;
    count -= static_cast<std::size_t>(got);
  }
}

std::string read_text(InputFile& file, std::size_t most) {
  if (file.size() > most) {
    throw Error(Exit::bad_checkpoint, concat(file.path(), " is damaged: expected at most ", most,
                                             " bytes, found ", file.size(), "."));
  }
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size());
  return text;
}

std::string read_text(const std::string& path, std::size_t most) {
  InputFile file(path);
  return read_text(file, most);
}

FileDigest digest_of(InputFile& file) {
  DigestSum sum;
  std::vector<std::byte> piece(std::size_t{1} << 20);
  for (std::uint64_t left = file.size(); left > 0;) {
    const std::size_t count = left < piece.size() ? static_cast<std::size_t>(left) : piece.size();
    file.read(piece.data(), count);
    sum.add(piece.data(), count);
    left -= count;
  }
  return sum.digest();
}

FileDigest digest_of(const std::string& path) {
  InputFile file(path);
  return digest_of(file);
}

OutputFile::OutputFile(const std::string& path) : OutputFile(AT_FDCWD, path, path) {}

OutputFile::OutputFile(const OpenFolder& folder, const std::string& name)
    : OutputFile(folder.number(), name, folder.path_of(name)) {}

OutputFile::OutputFile(int folder, std::string name, std::string path)
    : folder_(folder), name_(std::move(name)), path_(std::move(path)) {
  // One that a crash left behind goes first: O_EXCL follows no link that lies in wait there.
  ::unlinkat(folder_, temporary(name_).c_str(), 0);
  number_ =
      ::openat(folder_, temporary(name_).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (number_ < 0) {
    const bool full = errno == ENOSPC || errno == EDQUOT || errno == EIO;
    throw Error(full ? Exit::io : Exit::cannot_create,
                concat(path_, " cannot be created: ", std::strerror(errno),
                       ". Check the folder and its permissions."));
  }
}

OutputFile::~OutputFile() {
  if (number_ < 0) return;
  ::close(number_);
  ::unlinkat(folder_, temporary(name_).c_str(), 0);
}

void OutputFile::fail(const char* doing) const {
  throw Error(Exit::io, concat(path_, " cannot be ", doing, ": ", std::strerror(errno),
                               ". Make room on the disk or choose another; what was there before "
                               "is untouched."));
}

void OutputFile::write(const void* bytes, std::size_t count) {
  sum_.add(bytes, count);
  const auto* from = static_cast<const std::byte*>(bytes);
  while (count > 0) {
    const ssize_t put = ::write(number_, from, count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("written");
    from += put;
    count -= static_cast<std::size_t>(put);
  }
}

FileDigest OutputFile::finish() {
  if (::fsync(number_) != 0) fail("written");
  if (::renameat(folder_, temporary(name_).c_str(), folder_, name_.c_str()) != 0)
    fail("put in its place");
  ::close(number_);
  number_ = -1;
  flush_folder_of(folder_, name_, path_);
  return sum_.digest();
}

FileDigest write_text(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.write(text.data(), text.size());
  return file.finish();
}

FileDigest write_text(const OpenFolder& folder, const std::string& name, std::string_view text) {
  OutputFile file(folder, name);
  file.write(text.data(), text.size());
  return file.finish();
}

}  // namespace weft::host
