// SPDX-License-Identifier: Apache-2.0
/// For readers that take a path.

#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace weft::fuzz {

/// A file in memory that always has the same path.
class MemoryFile {
 public:
  void hold(const std::uint8_t* bytes, std::size_t size) const {
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, bytes, size, 0) != static_cast<ssize_t>(size))
      std::abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  static int create() {
    const int descriptor = ::memfd_create("input", 0);
    if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) std::abort();  // or everyone may write it
    return descriptor;
  }
  int descriptor_ = create();
};

}  // namespace weft::fuzz
