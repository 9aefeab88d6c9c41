// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/meeting.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/distribution/socket.hpp"

namespace weft::host {
namespace {

constexpr const char* k_loopback = "127.0.0.1";

std::chrono::milliseconds limit() {
  const char* const text = std::getenv("WEFT_RANK_SECONDS");
  if (text == nullptr || *text == '\0') return Meeting{}.limit;
  char* end = nullptr;
  const double seconds = std::strtod(text, &end);
  if (*end != '\0' || !(seconds > 0 && seconds < 1e6))
    throw Error(Exit::usage, concat("WEFT_RANK_SECONDS is \"", text,
                                    "\", expected a number of seconds above 0."));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// The job's name tells a file of today from one that a killed job left behind.
std::string token(const World& world) {
  return concat(world.job.empty() ? "job" : world.job, "/", world.restart, "/", world.size);
}

void write_place(const World& world, const std::string& file, const Meeting& meeting) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  const std::string unfinished = file + ".tmp";
  std::ofstream(unfinished) << token(world) << " " << meeting.address << " " << meeting.port
                            << "\n";
  std::filesystem::rename(unfinished, file);
}

void read_place(const World& world, const std::string& file, Meeting& meeting) {
  const auto end = std::chrono::steady_clock::now() + meeting.limit;
  while (std::chrono::steady_clock::now() < end) {
    std::ifstream in(file);
    std::string found, address;
    int port = 0;
    if (in >> found >> address >> port && found == token(world)) {
      meeting.address = address;
      meeting.port = port;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw Error(Exit::io, concat("rank 0 did not say in ", file,
                               " where the ranks meet. Set MASTER_ADDR and MASTER_PORT, or give "
                               "a run folder that all machines see."));
}

}  // namespace

Meeting meeting_of(const World& world, const std::string& file) {
  Meeting meeting;
  meeting.rank = world.rank;
  meeting.size = world.size;
  meeting.address = world.address;
  meeting.port = world.port;
  meeting.name = concat(world.job, "/", world.restart);
  meeting.limit = limit();
  if (world.is_local()) ::setenv("GLOO_SOCKET_IFNAME", "lo", /*overwrite=*/0);
  const bool is_told = !world.address.empty() && world.port != 0;
  if (is_told && world.launcher_serves) return meeting;
  if (world.rank != 0) {
    if (!is_told) read_place(world, file, meeting);
    return meeting;
  }
  if (world.listening >= 0) {
    meeting.listening = world.listening;
    ::fcntl(meeting.listening, F_SETFD, FD_CLOEXEC);
    return meeting;
  }
  if (!is_told) meeting.address = world.is_local() ? k_loopback : host_name();
  const Listening listening = listen_at(meeting.address, world.port);
  meeting.listening = listening.descriptor;
  meeting.port = listening.port;
  if (!is_told) write_place(world, file, meeting);
  return meeting;
}

}  // namespace weft::host
