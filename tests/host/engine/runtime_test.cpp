// SPDX-License-Identifier: Apache-2.0
#include "host/engine/runtime.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <exception>
#include <functional>
#include <thread>

namespace weft::host {
namespace {

/// True when no thread met an exception.
bool two_threads_at_once() {
  std::barrier start(2);
  bool is_well[2] = {true, true};
  const auto work = [&](bool& well) {
    start.arrive_and_wait();
    try {
      set_threads(1);
    } catch (const std::exception&) {
      well = false;
    }
  };
  std::thread other(work, std::ref(is_well[1]));
  work(is_well[0]);
  other.join();
  return is_well[0] && is_well[1];
}

// In a child process LibTorch makes its pool of threads anew at the first call.
TEST(Runtime, TwoThreadsOfAChildMaySetTheirNumberAtOnce) {
  set_threads(1);
  for (int i = 0; i < 300; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(two_threads_at_once() ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "child " << i;
  }
}

}  // namespace
}  // namespace weft::host
