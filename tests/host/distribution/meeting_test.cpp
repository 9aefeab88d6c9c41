// SPDX-License-Identifier: Apache-2.0
#include "host/distribution/meeting.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "host/base/error.hpp"
#include "host/distribution/socket.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

std::string address_of(int descriptor) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  return ::inet_ntoa(name.sin_addr);
}

host::World local(int rank, int size) {
  host::World world;
  world.launcher = "Open MPI";
  world.rank = world.local_rank = rank;
  world.size = world.local_size = size;
  return world;
}

TEST(Meeting, RanksOfOneMachineMeetOnTheLoopbackThroughAFile) {
  const TemporaryFolder folder;
  const std::string file = folder.path("runs/a.meeting");
  host::Meeting second;
  std::jthread waiting([&] { second = host::meeting_of(local(1, 2), file); });
  const host::Meeting first = host::meeting_of(local(0, 2), file);
  waiting.join();
  EXPECT_EQ(address_of(first.listening), "127.0.0.1");
  EXPECT_EQ(second.address, "127.0.0.1");
  EXPECT_EQ(second.port, first.port);
  EXPECT_EQ(second.listening, -1);
  ::close(first.listening);
}

TEST(Meeting, AFileOfAnotherJobIsNotBelieved) {
  const TemporaryFolder folder;
  folder.write("a.meeting", "other/0/2 127.0.0.1 1\n");
  ::setenv("WEFT_RANK_SECONDS", "0.2", 1);
  try {
    host::meeting_of(local(1, 2), folder.path("a.meeting"));
    ADD_FAILURE();
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("rank 0 did not say in "));
  }
  ::setenv("WEFT_RANK_SECONDS", "soon", 1);
  try {
    host::meeting_of(local(1, 2), folder.path("a.meeting"));
    ADD_FAILURE();
  } catch (const host::Error& error) {
    EXPECT_STREQ(error.what(),
                 "WEFT_RANK_SECONDS is \"soon\", expected a number of seconds above 0.");
  }
  ::unsetenv("WEFT_RANK_SECONDS");
}

TEST(Socket, ListensAtTheAddressThatIsGivenAndNoOther) {
  const host::Listening listening = host::listen_at("127.0.0.1", 0);
  EXPECT_EQ(address_of(listening.descriptor), "127.0.0.1");
  EXPECT_GT(listening.port, 0);
  try {
    host::listen_at("127.0.0.1", listening.port);
    ADD_FAILURE();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.exit(), host::Exit::io);
    EXPECT_THAT(error.what(), HasSubstr("Address already in use. Give another MASTER_ADDR"));
  }
  ::close(listening.descriptor);
}

}  // namespace
}  // namespace weft::test
