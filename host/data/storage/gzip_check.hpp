// SPDX-License-Identifier: Apache-2.0
/// The checksums of gzip. libarchive does not look at them, so that a flipped bit in a shard would
/// change a sample without a word.

#pragma once

#include <cstddef>
#include <memory>

namespace weft::host {

/// Goes along with a gzip file (RFC 1952), of one member or several behind each other; other files
/// are sound. As gunzip does, it takes no notice of what follows the last member. [one thread]
class GzipCheck {
 public:
  GzipCheck();
  ~GzipCheck();

  /// The next bytes of the file.
  void add(const void* bytes, std::size_t count);

  /// After the last: whether all members are whole and have the right checksum.
  bool is_sound() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace weft::host
