// SPDX-License-Identifier: Apache-2.0
#include "host/command/verb_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>

#include "host/registry/open_calls.hpp"

namespace weft::host {
namespace {

/// Writes to a descriptor.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int descriptor) : descriptor_(descriptor) { empty(); }

 private:
  int overflow(int letter) override {
    if (sync() != 0) return traits_type::eof();
    return letter == traits_type::eof() ? 0 : sputc(static_cast<char>(letter));
  }

  int sync() override {
    const char* at = pbase();
    while (at < pptr()) {
      const ssize_t count = ::write(descriptor_, at, static_cast<std::size_t>(pptr() - at));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      at += count;
    }
    const bool is_written = at == pptr();
    empty();
    return is_written ? 0 : -1;
  }

  void empty() { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

  int descriptor_;
  std::array<char, 1 << 14> bytes_;
};

}  // namespace

void keep_output_apart() {
  constexpr int k_first = 3;  // behind the standard streams
  const int own = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, k_first);
  if (own < 0) return;
  std::cout.flush();
  // Never destroyed: std::cout is flushed after everything else.
  auto* const buffer = new DescriptorBuffer(own);
  std::cout.rdbuf(buffer);
  if (::isatty(own) != 0) std::cout << std::unitbuf;
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

SharedOutput::SharedOutput() : before_(std::cout.rdbuf(this)) {}

SharedOutput::~SharedOutput() {
  std::cout.rdbuf(before_);
}

std::streambuf* SharedOutput::target() const {
  // The host prints on its own thread, outside of plug-ins.
  const bool is_host = current_entry() == nullptr && ::gettid() == ::getpid();
  return is_host ? before_ : std::cerr.rdbuf();
}

int SharedOutput::overflow(int letter) {
  return letter == traits_type::eof() ? 0 : target()->sputc(static_cast<char>(letter));
}

std::streamsize SharedOutput::xsputn(const char* text, std::streamsize count) {
  return target()->sputn(text, count);
}

int SharedOutput::sync() {
  return target()->pubsync();
}

}  // namespace weft::host
