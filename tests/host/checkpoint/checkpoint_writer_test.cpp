// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/checkpoint_writer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "host/base/error.hpp"
#include "host/base/temporary_folder.hpp"

namespace weft::test {
namespace {

/// Ends the process with the code of what begin() throws, or 1 where it was not told before.
[[noreturn]] void begin_without_memory(host::CheckpointWriter& writer) {
  bool is_told = false;
  const rlimit none{1, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &none);
  try {
    writer.begin({"fit", 1, {}, {}, {}, {}}, [&](bool is_there) { is_told = !is_there; });
  } catch (const host::Error& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(is_told ? static_cast<int>(error.exit()) : 1);
  }
  std::_Exit(2);
}

// As root the number of threads has no limit; their stacks have one, as the process's memory has.
TEST(CheckpointWriter, WithoutAThreadItSaysThatNothingWasWritten) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitiser needs memory of its own";
#endif
  const host::TemporaryFolder folder("weft-writer");
  const host::OpenFolder run(folder.path());
  host::CheckpointWriter writer(run);
  EXPECT_EXIT(begin_without_memory(writer), testing::ExitedWithCode(71),
              "no thread can be started to write the checkpoint: ");
}

}  // namespace
}  // namespace weft::test
