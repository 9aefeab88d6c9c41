// SPDX-License-Identifier: Apache-2.0
/// Scanning folders, and finding parts by what a recipe says.
#include "host/registry/registry.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "host/base/text.hpp"
#include "host/registry/plugin_file.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using test::Folder;
using testing::ElementsAre;

/// The sentence with which find() fails, and its exit code behind a bar.
std::string complaint(const Registry& registry, const std::string& use) {
  try {
    registry.find(use);
  } catch (const Error& error) {
    return concat(error.what(), " | ", static_cast<int>(error.exit()));
  }
  return "no complaint";
}

TEST(Registry, DescribesAPart) {
  Folder folder;
  const std::filesystem::path file = folder.add("vendor");
  const Registry registry({folder.path()});
  ASSERT_EQ(registry.parts().size(), 1u);
  const Part& part = registry.parts().front();
  EXPECT_EQ(part.id, "acme/fusion.good");
  EXPECT_EQ(part.kind, WEFT_KIND_FUSION);
  EXPECT_EQ(part.version.text(), "1.0.0");
  EXPECT_EQ(part.summary, "A double.");
  EXPECT_EQ(part.config_schema, "{\"type\":\"object\"}");
  EXPECT_EQ(part.state_version, 1u);
  EXPECT_EQ(part.vendor, "weft");
  EXPECT_EQ(part.license, "Apache-2.0");
  EXPECT_EQ(part.plugin_version, "3.1.4");
  EXPECT_EQ(part.file, file);
}

TEST(Registry, ListsFoldersInOrderAndFilesByName) {
  Folder first, second;
  first.add("vendor", "b.so");
  first.add("good", "a.so");
  first.write("README.md", "not looked at");
  second.add("obedient", "0.so");
  const Registry registry({first.path(), second.path()});
  std::vector<std::string> files;
  for (const Part& part : registry.parts()) files.push_back(part.file.filename());
  EXPECT_THAT(files, ElementsAre("a.so", "b.so", "0.so"));
  EXPECT_TRUE(registry.rejected().empty());
}

TEST(Registry, TakesAFileOnce) {
  Folder folder;
  folder.add("good", "a.so");
  std::filesystem::create_symlink("a.so", folder.path() / "b.so");
  EXPECT_EQ(Registry({folder.path(), folder.path() / "."}).parts().size(), 1u);
}

TEST(Registry, NamesAFolderThatIsMissing) {
  const Registry registry({"/nowhere/plugins"});
  ASSERT_EQ(registry.rejected().size(), 1u);
  EXPECT_EQ(
      registry.rejected()[0].reason,
      "/nowhere/plugins is in the plug-in path but cannot be read: No such file or directory.");
  EXPECT_EQ(registry.rejected()[0].exit, Exit::no_input);
}

TEST(Registry, FindsByVendorAndRange) {
  Folder folder;
  for (const char* name : {"good", "good_1_2", "vendor"}) folder.add(name);
  const Registry registry({folder.path()});
  EXPECT_EQ(registry.find("fusion.good").version.text(), "1.2.0");
  EXPECT_EQ(registry.find("weft/fusion.good@^1.0").version.text(), "1.2.0");
  EXPECT_EQ(registry.find("fusion.good@~1.0").version.text(), "1.0.0");
  EXPECT_EQ(registry.find("acme/fusion.good@=1.0.0").id, "acme/fusion.good");
}

TEST(Registry, ExplainsABadUse) {
  Folder folder;
  folder.add("good");
  const Registry registry({folder.path()});
  for (const char* use :
       {"", "good", "fusion.", "fusion.Good", "vision.good", "a/b/fusion.good", "/fusion.good"})
    EXPECT_EQ(complaint(registry, use),
              concat('"', use,
                     "\" is no part id; expected [vendor/]kind.name[@range], such as "
                     "\"fusion.mean\" or \"acme/fusion.perceiver@^2.1\". | 78"));
  EXPECT_EQ(
      complaint(registry, "fusion.good@new"),
      "\"fusion.good@new\": \"new\" is no version range; expected one such as ^1.2, ~1.2, >=1.2 "
      "or =1.2.3. | 78");
  EXPECT_THAT(complaint(registry, "fusion.good@"), testing::HasSubstr("\"\" is no version range"));
}

TEST(Registry, ListsTheVersionsThereAre) {
  const std::string remedy =
      " Widen the range in the recipe, or install a plug-in that holds such a version. | 78";
  Folder folder;
  folder.add("good");
  EXPECT_EQ(complaint(Registry({folder.path()}), "fusion.good@^2"),
            "no version of fusion.good is inside ^2; there is 1.0.0." + remedy);
  folder.add("good_1_2");
  EXPECT_EQ(complaint(Registry({folder.path()}), "fusion.good@>=1.3"),
            "no version of fusion.good is inside >=1.3; there are 1.2.0 and 1.0.0." + remedy);
}

TEST(Registry, SuggestsWhatIsNear) {
  Folder folder;
  folder.add("good");
  const Registry registry({folder.path()});
  EXPECT_EQ(complaint(registry, "fusion.godo"),
            "no part is called \"fusion.godo\". Did you mean \"fusion.good\"? | 78");
  EXPECT_EQ(complaint(registry, "acme/fusion.good"),
            "no part is called \"acme/fusion.good\". Did you mean \"fusion.good\"? | 78");
  EXPECT_EQ(
      complaint(registry, "fusion.perceiver_resampler_with_gates"),
      "no part is called \"fusion.perceiver_resampler_with_gates\". Known: fusion.good. | 78");
  EXPECT_EQ(complaint(registry, "metric.bleu"),
            "no part is called \"metric.bleu\". There is no metric part at all. | 78");
}

TEST(Registry, SaysWhereItLookedInVain) {
  EXPECT_EQ(
      complaint(Registry({}), "fusion.mean"),
      "no part is called \"fusion.mean\". The plug-in path is empty; set WEFT_PLUGIN_PATH. | 78");
  Folder folder;
  EXPECT_EQ(complaint(Registry({folder.path()}), "fusion.mean"),
            concat("no part is called \"fusion.mean\". No usable plug-in is in ",
                   folder.path().string(), ". | 78"));
}

TEST(Registry, PointsAtARejectedFileThatMayHoldThePart) {
  Folder folder;
  folder.add("good");
  folder.add("no_entry", "libweft_fusion_perceiver.so");
  folder.add("no_entry", "libweft_encoder_vit.so");
  EXPECT_EQ(
      complaint(Registry({folder.path()}), "fusion.perceiver"),
      "no part is called \"fusion.perceiver\". Known: fusion.good. A file that may hold it was "
      "rejected: libweft_fusion_perceiver.so is no plug-in: it exports no symbol weft_plugin_v0. "
      "1 entry of the plug-in path cannot be used: `weft plugin list` says why. | 70");
}

TEST(Registry, NamesBothLibrariesWithOneIdAndVersion) {
  Folder first, second;
  const auto a = first.add("good", "a.so");
  const auto b = second.add("good", "b.so");
  const Registry registry({first.path(), second.path()});
  EXPECT_EQ(complaint(registry, "fusion.good"),
            concat("fusion.good 1.0.0 is in two libraries: ", a.string(), " and ", b.string(),
                   ". Remove one, or take its folder out of WEFT_PLUGIN_PATH. | 70"));
  second.add("good_1_2");
  EXPECT_EQ(Registry({first.path(), second.path()}).find("fusion.good").version.text(), "1.2.0")
      << "the doubt about 1.0.0 does not matter where 1.2.0 is meant";
}

TEST(Registry, InitialisesALibraryOnceAndUnloadsItAfterItsLastHolder) {
  Folder folder;
  const auto file = folder.add("good");
  test::Log log;
  std::shared_ptr<const Library> held;
  {
    const Registry registry({folder.path()});
    const Registry again({folder.path()});
    EXPECT_TRUE(log.lines.empty()) << "what is only listed is not loaded";
    EXPECT_EQ(registry.find("fusion.good").library, Registry::load_file(file)[0].library);
    held = again.find("fusion.good").library;
    EXPECT_THAT(log.lines, ElementsAre("init"));
  }
  EXPECT_TRUE(test::is_mapped(file));
  held.reset();
  EXPECT_FALSE(test::is_mapped(file));
  EXPECT_THAT(log.lines, ElementsAre("init", "deinit"));
}

TEST(Registry, RefusesOtherTablesForALibraryInUse) {
  Folder folder;
  const auto file = folder.add("good");
  const std::vector<Part> parts = Registry::load_file(file);
  const weft_tensor_api tensors{};
  EXPECT_THROW(Registry::load_file(file, {&tensors, nullptr, nullptr}), std::logic_error);
}

TEST(Registry, LoadFileThrows) {
  Folder folder;
  const auto file = folder.add("no_entry");
  EXPECT_THROW(Registry::load_file(file), Error);
  try {
    Registry::load_file("/nowhere/x.so");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/nowhere/x.so: no such file.");
    EXPECT_EQ(error.exit(), Exit::no_input);
  }
}

TEST(SearchPath, IsTheVariableThenTheShippedFolder) {
  ::setenv("WEFT_PLUGIN_PATH", "/a::/b", 1);
  const auto folders = default_search_path();
  ::unsetenv("WEFT_PLUGIN_PATH");
  ASSERT_GE(folders.size(), 2u);
  EXPECT_EQ(folders[0], "/a");
  EXPECT_EQ(folders[1], "/b");
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const auto shipped = program.parent_path().parent_path() / "lib/weft/plugins";
  if (std::filesystem::exists(shipped))
    EXPECT_THAT(default_search_path(), ElementsAre(shipped));
  else
    EXPECT_TRUE(default_search_path().empty());
}

TEST(Registry, RefusesAFileThatChangedSinceItWasLookedAt) {
  Folder folder;
  const auto file = folder.add("good");
  const Registry registry({folder.path()});
  std::filesystem::remove(file);
  std::filesystem::rename(folder.add_stamped("segfault_at_load"), file);
  EXPECT_EQ(complaint(registry, "fusion.good"),
            "good.so changed while it was in use. Start again. | 70")
      << "and none of it has run";
}

TEST(Sha256, IsTheStandardOne) {
  Folder folder;
  EXPECT_EQ(sha256(folder.write("abc", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(folder.write("empty", "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(folder.write("long", std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_THROW(sha256("/nowhere"), Error);
}

}  // namespace
}  // namespace weft::host
