// SPDX-License-Identifier: Apache-2.0
/// Standard output is the verb's: what plug-ins print goes to standard error, so that a document
/// stays whole.

#pragma once

#include <streambuf>

namespace weft::host {

/// From now on std::cout alone writes to standard output. The descriptor 1, which plug-ins and
/// their libraries write to, is standard error's. Without a free descriptor all stays as it is.
void keep_output_apart();

/// While it lives, what plug-ins print by the std::cout that they share with the host goes to
/// standard error too: they do where they are linked with the same C++ library.
/// [the thread that runs main()]
class SharedOutput final : private std::streambuf {
 public:
  SharedOutput();
  ~SharedOutput() override;
  SharedOutput(const SharedOutput&) = delete;
  SharedOutput& operator=(const SharedOutput&) = delete;

 private:
  int overflow(int letter) override;
  std::streamsize xsputn(const char* text, std::streamsize count) override;
  int sync() override;
  std::streambuf* target() const;

  std::streambuf* before_;
};

}  // namespace weft::host
