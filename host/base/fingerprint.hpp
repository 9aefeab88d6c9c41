// SPDX-License-Identifier: Apache-2.0
/// XXH3-128 over everything that is fed to it: tells whether data changed, not who changed it.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weft::host {

class Fingerprint {
 public:
  Fingerprint();
  void add(const void* bytes, std::size_t count);
  /// Adds the length as well, so that `ab`, `c` and `a`, `bc` differ.
  void add(std::string_view text);
  /// 32 hexadecimal digits of all that was added up to now.
  std::string hex() const;

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace weft::host
