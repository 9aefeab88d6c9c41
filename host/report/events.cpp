// SPDX-License-Identifier: Apache-2.0
#include "host/report/events.hpp"

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"

namespace weft::host {
namespace {

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

EventWriter::EventWriter(const std::string& path) : path_(path), stream_(path, std::ios::app) {
  if (!stream_)
    throw Error(Exit::cannot_create, path + " cannot be opened for writing. Check its rights.");
}

void EventWriter::write(const std::string& event,
                        const std::vector<std::pair<std::string, EventValue>>& fields) {
  nlohmann::ordered_json line{{"event", event}, {"time", utc_now()}};
  for (const auto& [name, value] : fields)
    std::visit([&, key = name](const auto& one) { line[key] = one; }, value);
  // Bytes that are no UTF-8 must not end a run: they are replaced.
  stream_ << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
          << std::endl;
  if (!stream_)
    throw Error(Exit::io, path_ +
                              " cannot be written. Make room on the disk; the run's checkpoints "
                              "are whole.");
}

}  // namespace weft::host
