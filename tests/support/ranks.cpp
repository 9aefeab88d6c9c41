// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ranks.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "host/distribution/socket.hpp"

namespace weft::test {

std::string on_ranks(int count, const std::function<void(host::Collective&)>& body) {
  std::vector<std::string> thrown(static_cast<std::size_t>(count));
  const auto run = [&](int rank, const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& error) {
      thrown[static_cast<std::size_t>(rank)] =
          "rank " + std::to_string(rank) + ": " + error.what() + "\n";
    }
  };
  if (count == 1) {
    run(0, [&] { body(host::one_rank()); });
    return thrown[0];
  }
  ::setenv("GLOO_SOCKET_IFNAME", "lo", 0);
  ::setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);
  // c10d keeps one record of exchanges for the whole process and does not lock all of it.
  ::setenv("TORCH_FR_BUFFER_SIZE", "0", 1);
  const host::Listening listening = host::listen_at("127.0.0.1", 0);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < count; ++rank)
    threads.emplace_back([&, rank] {
      run(rank, [&] {
        host::Meeting meeting;
        meeting.rank = rank;
        meeting.size = count;
        meeting.address = "127.0.0.1";
        meeting.port = listening.port;
        if (rank == 0) meeting.listening = listening.descriptor;
        const auto ranks = host::join(meeting);
        body(*ranks);
        ranks->leave();
      });
    });
  threads.clear();
  std::string all;
  for (const std::string& one : thrown) all += one;
  return all;
}

}  // namespace weft::test
