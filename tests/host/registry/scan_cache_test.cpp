// SPDX-License-Identifier: Apache-2.0
/// What is remembered of plug-in files, and when it is forgotten.
#include "host/registry/scan_cache.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "host/base/text.hpp"
#include "host/registry/plugin_file.hpp"
#include "host/registry/probe.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using test::Folder;
using testing::EndsWith;

/// A cache of its own for each test, and a probe that can be taken away.
class ScanCacheTest : public testing::Test {
 public:
  ScanCacheTest() : before_(variable("WEFT_CACHE")) {
    ::setenv("WEFT_CACHE", cache_.path().c_str(), 1);
  }
  ~ScanCacheTest() override {
    ::unsetenv("WEFT_PROBE");
    ::setenv("WEFT_CACHE", before_.c_str(), 1);
  }

 protected:
  static std::string variable(const char* name) {
    const char* const value = ::getenv(name);
    return value == nullptr ? "" : value;
  }
  static Seen look(const fs::path& file) {
    ScanCache cache;
    return look_at(file, cache);
  }
  /// From now on a probe reports nothing: who still knows a file knows it from the cache.
  void forbid_probing() {
    const fs::path program = plugins_.write("no-probe", "#!/bin/sh\nexit 9\n");
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("WEFT_PROBE", program.c_str(), 1);
  }

  Folder plugins_, cache_;
  std::string before_;
};

TEST_F(ScanCacheTest, ProbesAFileOnce) {
  const fs::path file = plugins_.add("good");
  const Seen first = look(file);
  EXPECT_EQ(first.exit, Exit::ok);
  EXPECT_TRUE(fs::exists(cache_.path() / "plugins.json"));
  const Seen again = look(file);
  ASSERT_EQ(again.manifest.parts.size(), 1u);
  EXPECT_EQ(again.manifest.parts[0].id, "fusion.good");
  EXPECT_EQ(again.manifest.parts[0].version.text(), "1.0.0");
  EXPECT_EQ(again.manifest.parts[0].config_schema, first.manifest.parts[0].config_schema);
  EXPECT_EQ(again.manifest.license, "Apache-2.0");
  EXPECT_EQ(again.sha256, sha256(file));
}

TEST_F(ScanCacheTest, KnownFilesAreNotProbedAgain) {
  const fs::path file = plugins_.add("good");
  ScanCache cache;
  EXPECT_EQ(look_at(file, cache).exit, Exit::ok);
  forbid_probing();
  EXPECT_EQ(look_at(file, cache).exit, Exit::ok);
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_EQ(look_at(file, cache).exit, Exit::plugin) << "a touched file is looked at again";
}

/// The probe of a file that is replaced just then by another good one, which another inode holds.
std::string replacing_probe(const fs::path& flag, const std::string& then) {
  return concat("#!/bin/sh\nif [ ! -e ", flag.string(),
                " ]; then\n  cp \"$1\" \"$1\".new && mv \"$1\".new \"$1\"\n  ", then,
                "\n  exit 9\nfi\nexec ", probe_program().string(), " \"$@\"\n");
}

TEST_F(ScanCacheTest, AFileThatIsReplacedMeanwhileIsLookedAtAgainAndNotBlocked) {
  const fs::path file = plugins_.add("good"), flag = plugins_.path() / "flag";
  const auto with_probe = [&](const std::string& script) {
    const fs::path program = plugins_.write("replacing-probe", script);
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("WEFT_PROBE", program.c_str(), 1);
  };
  with_probe(replacing_probe(flag, "touch " + flag.string()));
  EXPECT_EQ(look(file).exit, Exit::ok) << look(file).reason;
  EXPECT_FALSE(blocked(sha256(file)));
  ::unsetenv("WEFT_PROBE");
  with_probe(replacing_probe(plugins_.path() / "never", "true"));
  EXPECT_EQ(look(file).reason,
            "good.so was replaced each of 5 times that it was looked at. Let its writer finish, "
            "then start again.");
  EXPECT_FALSE(blocked(sha256(file)));
}

TEST_F(ScanCacheTest, ARefusalIsFoundAnewEachTime) {
  const fs::path file = plugins_.add("good");
  fs::permissions(plugins_.path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(look(file).reason, EndsWith("which everyone can write. Move it, or chmod o-w that."));
  fs::permissions(plugins_.path(), fs::perms::others_write, fs::perm_options::remove);
  EXPECT_EQ(look(file).exit, Exit::ok) << "what was told has been done, and the file is the same";
}

TEST_F(ScanCacheTest, AFileThatIsReplacedWhileItIsProbedIsNotRemembered) {
  const fs::path file = plugins_.add("good");
  const fs::path program =
      plugins_.write("slow-probe", concat("#!/bin/sh\ntouch -d '1 hour ago' ", file.string(),
                                          "\nexec ", WEFT_BINARY_DIR, "/bin/weft-probe \"$@\"\n"));
  fs::permissions(program, fs::perms::owner_all);
  ::setenv("WEFT_PROBE", program.c_str(), 1);
  ScanCache cache;
  EXPECT_THAT(look_at(file, cache).reason,
              testing::StartsWith("good.so was replaced each of 5 times"));
  EXPECT_EQ(cache.find(file), nullptr);
}

TEST_F(ScanCacheTest, WithoutAFolderNothingIsSaidToBeBlocked) {
  ::setenv("WEFT_CACHE", "/proc/nowhere", 1);
  EXPECT_EQ(look(plugins_.add("segfault_at_load")).reason,
            "segfault_at_load.so killed the process that looked at it (SIGSEGV).");
  EXPECT_EQ(blocked(""), std::nullopt);
}

TEST_F(ScanCacheTest, ALinkThatLeadsNowhereIsNamed) {
  const fs::path loop = plugins_.path() / "loop.so";
  fs::create_symlink(loop, loop);
  EXPECT_EQ(look(loop).reason, "loop.so is no plug-in: Too many levels of symbolic links.");
}

TEST_F(ScanCacheTest, ADamagedCacheIsAnEmptyOne) {
  const fs::path file = plugins_.add("good");
  std::ofstream(cache_.path() / "plugins.json") << "{\"host\": [";
  EXPECT_EQ(look(file).exit, Exit::ok);
}

TEST_F(ScanCacheTest, WorksWithoutAFolder) {
  ::setenv("WEFT_CACHE", "/proc/nowhere", 1);
  EXPECT_EQ(look(plugins_.add("good")).exit, Exit::ok);
}

TEST_F(ScanCacheTest, AKillerIsBlockedUntilItIsUnblocked) {
  const fs::path file = plugins_.add("segfault_at_load");
  const std::string hash = sha256(file);
  const Seen first = look(file);
  EXPECT_EQ(blocked(hash), first.reason);
  forbid_probing();
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_EQ(look(file).reason, first.reason) << "it is known by its content, and not probed";

  EXPECT_TRUE(unblock(hash));
  EXPECT_FALSE(unblock(hash));
  EXPECT_THAT(look(file).reason, testing::HasSubstr("(exit code 9)")) << "probed again";
}

TEST_F(ScanCacheTest, NamesAManifestThatLies) {
  const fs::path file = plugins_.add("good");
  std::string lie = test::good_manifest();
  lie.replace(lie.find("\"1.0.0\""), 7, "\"1.9.0\"");
  test::stamp(file, lie);
  EXPECT_EQ(
      look(file).reason,
      "good.so lies in its manifest: /parts/0/version is \"1.9.0\" there and \"1.0.0\" in the "
      "library. Seal it again with `weft plugin seal`.");
}

}  // namespace
}  // namespace weft::host
