// SPDX-License-Identifier: Apache-2.0
#include "host/registry/open_calls.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

namespace weft::host {
namespace {

TEST(OpenCalls, NamesTheOutermostOfEachThread) {
  EXPECT_TRUE(open_calls().empty());
  const Entry outer{"libacme.so", "acme/fusion.gate", "fusion", "call"};
  const Entry inner{"libacme.so", nullptr, nullptr, "forward of custom operation acme.gate"};
  {
    const EntryScope scope(thread_entry(), outer);
    const EntryScope nested(thread_entry(), inner);
    EXPECT_EQ(current_entry(), &inner);
    std::thread([&] {
      EXPECT_EQ(current_entry(), nullptr);
      const EntryScope here(thread_entry(), inner);
      const std::vector<OpenCall> calls = open_calls();
      ASSERT_EQ(calls.size(), 2U);
      EXPECT_EQ(calls[0].who(), "\"fusion\" (acme/fusion.gate, libacme.so)");
      EXPECT_EQ(calls[0].entry, "call");
      EXPECT_EQ(calls[1].who(), "libacme.so");
      EXPECT_NE(calls[0].id, calls[1].id);
    }).join();
    EXPECT_EQ(open_calls().size(), 1U);  // the thread has ended
  }
  EXPECT_EQ(current_entry(), nullptr);
  EXPECT_TRUE(open_calls().empty());
}

TEST(OpenCalls, TellsTheNextCallFromTheSame) {
  const Entry entry{"a.so", "acme/fusion.gate", nullptr, "call"};
  std::set<OpenCall::Id> ids;
  for (int i = 0; i < 3; ++i) {
    const EntryScope scope(thread_entry(), entry);
    const OpenCall call = open_calls().at(0);
    EXPECT_EQ(call.who(), "acme/fusion.gate (a.so)");
    EXPECT_EQ(open_calls().at(0).id, call.id);
    ids.insert(call.id);
  }
  EXPECT_EQ(ids.size(), 3U);
}

/// Texts live no longer than their call: a reader that did not hold it would read others, or none.
TEST(OpenCalls, ReadsOnlyWhatLives) {
  constexpr std::size_t k_length = 1 << 16;  // so that reading takes a while
  std::atomic<bool> over = false;
  bool torn = false;
  std::thread caller([&] {
    for (std::uint64_t i = 0; i < 300; ++i) {
      std::string part(k_length, static_cast<char>('a' + i % 26));
      const Entry entry{"a.so", part.c_str(), nullptr, "call"};
      {
        const EntryScope scope(thread_entry(), entry);
        std::this_thread::yield();
      }
      part.assign(k_length, '-');
    }
    over = true;
  });
  while (!over)
    for (const OpenCall& call : open_calls()) {
      torn = torn || call.part.size() != k_length || call.part[0] == '-' ||
             call.part.find_first_not_of(call.part[0]) != std::string::npos;
    }
  caller.join();
  EXPECT_FALSE(torn);
}

}  // namespace
}  // namespace weft::host
