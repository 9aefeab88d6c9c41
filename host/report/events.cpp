// SPDX-License-Identifier: Apache-2.0
#include "host/report/events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr off_t k_longest_line = off_t{1} << 24;  // in bytes

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

EventWriter::EventWriter(const OpenFolder& folder, const std::string& name)
    : path_(folder.path_of(name)), number_(folder.open_to_write(name, O_RDWR | O_APPEND)) {
  try {
    mend();
  } catch (...) {
    ::close(number_);
    throw;
  }
}

EventWriter::~EventWriter() {
  if (number_ >= 0) ::close(number_);
}

void EventWriter::fail() const {
  throw Error(Exit::io, concat(path_, " cannot be written: ", std::strerror(errno),
                               ". Make room on the disk."));
}

void EventWriter::mend() {
  const off_t size = ::lseek(number_, 0, SEEK_END);
  if (size < 0) fail();
  // No event is longer than this; of what holds no line's end, nothing is an event.
  const off_t begin = size > k_longest_line ? size - k_longest_line : 0;
  std::string tail(static_cast<std::size_t>(size - begin), '\0');
  if (::pread(number_, tail.data(), tail.size(), begin) != size - begin) fail();
  const std::size_t last = tail.rfind('\n');
  const std::size_t kept = last == std::string::npos ? 0 : last + 1;
  if (kept == tail.size()) return;
  if (nlohmann::json::accept(tail.substr(kept))) return append("\n");
  if (::ftruncate(number_, begin + static_cast<off_t>(kept)) != 0) fail();
}

void EventWriter::append(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::write(number_, text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail();
    at += static_cast<std::size_t>(count);
  }
}

void EventWriter::write(const std::string& event,
                        const std::vector<std::pair<std::string, EventValue>>& fields) {
  if (number_ < 0) return;
  nlohmann::ordered_json line{{"event", event}, {"time", utc_now()}};
  for (const auto& [name, value] : fields)
    std::visit([&, key = name](const auto& one) { line[key] = one; }, value);
  // Bytes that are no UTF-8 must not end a run: they are replaced.
  append(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace weft::host
