// SPDX-License-Identifier: Apache-2.0
/// The manifest's text, and files whose manifest cannot be used.
#include "host/registry/manifest.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <functional>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/registry/plugin_file.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using test::Folder;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return concat(error.what(), " | ", static_cast<int>(error.exit()));
  }
  return "no error";
}

std::string refusal(const std::string& text) {
  return error_of([&] { parse_manifest(text, "x.so"); });
}

/// The good manifest with one word replaced.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = test::good_manifest();
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, IsTheDescriptorInOneForm) {
  EXPECT_THAT(test::good_manifest(),
              testing::StartsWith(
                  R"({"weft_manifest":1,"version":"3.1.4","vendor":"weft","license":"Apache-2.0",)"
                  R"("abi":{"major":0,"minor":9},"tier":"c-abi","parts":[{"id":"fusion.good",)"
                  R"("kind":"fusion","version":"1.0.0","summary":"A double.","state_version":1,)"
                  R"("config":{"type":"object"},"ports":[{"name":"out","direction":"out",)"
                  R"("shape":"[B]","dtypes":["float16","bfloat16","float32","float64"]}]}],)"
                  R"("operations":[],"build":{"compiler":")"));
  EXPECT_THAT(test::good_manifest(),
              testing::ContainsRegex("\"compiler\":\"(GCC|.*clang).*\",\"needed\":\\[.*\\]}}$"));
}

TEST(Manifest, NamesTheOperationsWithTheirSchemas) {
  const std::string text = read_plugin_file(test::fusion_mean()).manifest;
  EXPECT_THAT(text, HasSubstr("\"aten::div.Scalar(Tensor self, Scalar other) -> Tensor\""));
  EXPECT_THAT(text, HasSubstr("\"shape\":\"[B, N*, D]\""));
}

TEST(Manifest, IsReadBack) {
  const Manifest manifest = parse_manifest(test::good_manifest(), "x.so");
  EXPECT_EQ(manifest.version, "3.1.4");
  EXPECT_EQ(manifest.abi_minor, 9u);
  ASSERT_EQ(manifest.parts.size(), 1u);
  EXPECT_EQ(manifest.parts[0].summary, "A double.");
}

TEST(Manifest, IsRefusedWhenItIsNotOfItsForm) {
  const std::string begins = "x.so has a malformed manifest: ";
  const std::string ends = ". Seal it again with `weft plugin seal`. | 70";
  EXPECT_EQ(refusal(std::string(65537, ' ')), begins + "it is 65537 bytes long" + ends);
  EXPECT_EQ(refusal(std::string(40, '[') + std::string(40, ']')),
            begins + "it is nested more than 32 deep" + ends);
  EXPECT_EQ(refusal(R"({"a": 1, "a": 2})"), begins + "the key \"a\" is given twice" + ends);
  EXPECT_EQ(refusal(changed("\"weft_manifest\":1", "\"weft_manifest\":2")),
            begins + "it is of a later format" + ends);
  EXPECT_EQ(refusal(changed("\"tier\":\"c-abi\"", "\"tier\":\"magic\"")),
            begins + "\"magic\" is no tier" + ends);
  EXPECT_EQ(refusal(changed("fusion.good", "../../etc/passwd")),
            begins + "\"../../etc/passwd\" is no id of a fusion" + ends);
  EXPECT_EQ(refusal(changed("\"kind\":\"fusion\"", "\"kind\":\"fission\"")),
            begins + "\"fission\" is no kind" + ends);
  EXPECT_EQ(refusal(changed("\"1.0.0\"", "\"1.0\"")),
            begins + "\"1.0\" is no version such as 1.0.0" + ends);
  EXPECT_EQ(refusal("{"), begins + "it is not JSON from byte 2 on" + ends);
  EXPECT_EQ(refusal(changed("\"state_version\":1", "\"state_version\":\"1\"")),
            begins + "\"1\" is no number from 0 to 4294967295" + ends);
  EXPECT_EQ(refusal(changed("\"minor\":9", "\"minor\":-1")),
            begins + "-1 is no number from 0 to 4294967295" + ends);
}

TEST(Manifest, TooNewIsToldBeforeTheFileIsLoaded) {
  Folder folder;
  const auto file = folder.add("segfault_at_load", "x.so");
  test::stamp(file, changed("\"minor\":9", "\"minor\":4000"));
  EXPECT_EQ(
      error_of([&] { checked_manifest(read_plugin_file(file)); }),
      "x.so needs ABI 0.4000; this host offers 0.10. Use a newer host, or rebuild the plug-in "
      "with SDK 0.10. | 76");
}

TEST(Manifest, AnotherLibTorchIsToldBeforeTheFileIsLoaded) {
  Folder folder;
  const auto file = folder.add("segfault_at_load", "x.so");
  test::stamp(file, changed("\"tier\":\"c-abi\"", "\"tier\":\"torch-full\",\"torch\":\"1.2.3\""));
  EXPECT_THAT(error_of([&] { checked_manifest(read_plugin_file(file)); }),
              testing::MatchesRegex(
                  "x.so was built with LibTorch 1.2.3; this host runs 2.[0-9.]+. Rebuild it with "
                  "that one, or as tier c-abi, which links none. . 76"));
}

TEST(Manifest, MayNotHideThatLibTorchIsLinked) {
  PluginFile file{"x.so", "", {}, test::good_manifest()};
  file.object.needed = {"libc.so.6", "libtorch_cpu.so"};
  EXPECT_EQ(error_of([&] { checked_manifest(file); }),
            "x.so says that it is of tier c-abi, but it links libtorch_cpu.so. Seal it with --tier "
            "torch-full --torch VERSION. | 70");
}

TEST(Manifest, MissingOneIsNamed) {
  Folder folder;
  const auto file = folder.add_unsealed("good", "x.so");
  EXPECT_EQ(
      error_of([&] { checked_manifest(read_plugin_file(file)); }),
      concat("x.so holds no manifest. Build it with weft_add_plugin(), or run `weft plugin seal ",
             file.string(), "`. | 70"));
}

TEST(Manifest, FirstDifferenceIsNamedAlsoWhereAListIsLonger) {
  EXPECT_EQ(first_difference(R"({"parts":[1]})", R"({"parts":[1,2]})"),
            "/parts/1 is missing there and 2 in the library");
  EXPECT_EQ(first_difference(R"({"parts":[1,2]})", R"({"parts":[1]})"),
            "/parts/1 is 2 there and missing in the library");
  EXPECT_EQ(first_difference("{}", "{}"), "");
}

TEST(Seal, LeavesAllElseOfTheFileAsItWas) {
  Folder folder;
  const auto file = folder.add_unsealed("good");
  std::string before = test::read_file(file);
  ::chmod(file.c_str(), 0640);
  seal(file, {});
  std::string after = test::read_file(file);
  ASSERT_EQ(before.size(), after.size());
  const auto [offset, room] = *read_plugin_file(file).object.note;
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0640));
  EXPECT_NE(before, after);
  EXPECT_EQ(before.erase(offset, room), after.erase(offset, room));
}

TEST(Seal, SaysWhenThereIsNoRoom) {
  Folder folder;
  const auto none = folder.add_unsealed("no_note");
  EXPECT_EQ(error_of([&] { seal(none, {}); }),
            "no_note.so has no room for a manifest. Write WEFT_MANIFEST_NOTE, or WEFT_PLUGIN(), in "
            "one of its sources. | 70");
  const auto little = folder.add_unsealed("little_note");
  EXPECT_THAT(
      error_of([&] { seal(little, {}); }),
      testing::MatchesRegex(
          "the manifest of little_note.so is [0-9]+ bytes long, and its note has room for 64. "
          "Compile it with -DWEFT_MANIFEST_BYTES=4096. . 70"));
}

TEST(Vetting, RefusesWhatOthersCanWrite) {
  Folder folder;
  const auto file = folder.add("good", "x.so");
  ::chmod(file.c_str(), 0666);
  EXPECT_EQ(error_of([&] { read_plugin_file(file); }),
            "x.so can be written by everyone. Take that right away: chmod o-w. | 70");
  ::chmod(file.c_str(), 0644);
  ::chmod(folder.path().c_str(), 0777);
  EXPECT_EQ(error_of([&] { read_plugin_file(file); }),
            concat("x.so lies in ", folder.path().string(),
                   ", which everyone can write. Move it, or chmod o-w that. | 70"));
  ::chmod(folder.path().c_str(), 01777);
  EXPECT_EQ(error_of([&] { read_plugin_file(file); }), "no error")
      << "as /tmp, with its sticky bit";
}

TEST(Vetting, LooksAtTheFolderThatALinkLeadsTo) {
  Folder open, folder;
  const auto file = open.add("good", "x.so");
  std::filesystem::create_symlink(file, folder.path() / "y.so");
  ::chmod(open.path().c_str(), 0777);
  EXPECT_EQ(error_of([&] { read_plugin_file(folder.path() / "y.so"); }),
            concat("y.so lies in ", open.path().string(),
                   ", which everyone can write. Move it, or chmod o-w that. | 70"));
}

TEST(Vetting, RefusesAForeignOwnerUnlessNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  Folder folder;
  const auto file = folder.add("good", "x.so");
  ASSERT_EQ(::chown(file.c_str(), 4321, static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(error_of([&] { read_plugin_file(file); }),
            "x.so belongs to user 4321, who could put other code into it. Copy it, or name that "
            "user in WEFT_PLUGIN_OWNERS. | 70");
  ::setenv("WEFT_PLUGIN_OWNERS", "7:4321", 1);
  EXPECT_EQ(error_of([&] { read_plugin_file(file); }), "no error");
  ::unsetenv("WEFT_PLUGIN_OWNERS");
}

}  // namespace
}  // namespace weft::host
