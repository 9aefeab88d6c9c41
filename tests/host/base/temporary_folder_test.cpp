// SPDX-License-Identifier: Apache-2.0
#include "host/base/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weft::test {
namespace {

namespace fs = std::filesystem;

TEST(TemporaryFolder, GoesWithAllThatIsInIt) {
  fs::path path;
  {
    const host::TemporaryFolder folder("weft-test");
    path = folder.path();
    EXPECT_TRUE(path.filename().string().starts_with("weft-test-"));
    fs::create_directory(path / "within");
    std::ofstream(path / "within/file") << "text";
    EXPECT_TRUE(fs::exists(path / "within/file"));
    EXPECT_NE(host::TemporaryFolder("weft-test").path(), path);
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace weft::test
