// SPDX-License-Identifier: Apache-2.0
#include "host/command/log_file.hpp"

#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <streambuf>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// Hands on every byte and writes whole lines to a file too.
class Tee final : public std::streambuf {
 public:
  Tee(std::streambuf* terminal, std::ofstream file) : terminal_(terminal), file_(std::move(file)) {}
  ~Tee() override {
    if (!line_.empty()) write_line();
  }

 protected:
  int overflow(int letter) override {
    if (letter == traits_type::eof()) return 0;
    const std::lock_guard<std::mutex> lock(mutex_);
    take(static_cast<char>(letter));
    return terminal_->sputc(static_cast<char>(letter));
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::streamsize i = 0; i < count; ++i) take(text[i]);
    return terminal_->sputn(text, count);
  }
  int sync() override { return terminal_->pubsync(); }

 private:
  void take(char letter) {
    if (letter == '\n')
      write_line();
    else if (letter == '\r')
      line_.clear();
    else
      line_ += letter;
  }
  void write_line() {
    constexpr std::string_view k_erase = "\033[K";
    if (line_.starts_with(k_erase)) line_.erase(0, k_erase.size());
    if (!line_.empty()) file_ << time_now() << " " << line_ << std::endl;
    line_.clear();
  }

  std::mutex mutex_;
  std::streambuf* terminal_;
  std::ofstream file_;
  std::string line_;
};

/// Puts std::cerr back before the tee is destroyed.
struct Installed {
  std::unique_ptr<Tee> tee;
  std::streambuf* before = nullptr;
  ~Installed() {
    if (before != nullptr) std::cerr.rdbuf(before);
  }
};

}  // namespace

void log_to(const std::string& path) {
  std::ofstream file(path, std::ios::app);
  if (!file)
    throw Error(Exit::cannot_create,
                concat(path, " cannot be written. Give another file with --log-file."));
  static Installed installed;
  installed.before = std::cerr.rdbuf();
  installed.tee = std::make_unique<Tee>(installed.before, std::move(file));
  std::cerr.rdbuf(installed.tee.get());
}

}  // namespace weft::host
