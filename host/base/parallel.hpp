// SPDX-License-Identifier: Apache-2.0
/// A loop over several threads that fails as the plain loop would.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace weft::host {

/// Calls `body(0)` … `body(count - 1)` on at most four threads. If some throw, the others finish
/// what they have begun, and the exception of the lowest index is thrown: the one that a plain
/// loop would have met first.
template <class Body>
void for_each_index(std::size_t count, const Body& body) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::size_t failed = count;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (i < failed) {
          failed = i;
          failure = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t threads = std::min<std::size_t>(4, std::thread::hardware_concurrency());
    for (std::size_t t = 1; t < threads; ++t) helpers.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace weft::host
