// SPDX-License-Identifier: Apache-2.0
/// The file that weft_add_plugin() makes.
#include <gmock/gmock.h>

#include <cstdio>

#include "host/registry/plugin_file.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

TEST(PluginFile, ExportsOneSymbol) {
  const std::string symbols = output_of("nm -D --defined-only " + test::fusion_mean().string());
  EXPECT_THAT(symbols, testing::MatchesRegex("[0-9a-f]+ T weft_plugin_v0\n"));
}

TEST(PluginFile, NeedsNoTensorLibrary) {
  const std::string needed =
      output_of("readelf -d " + test::fusion_mean().string() + " | grep NEEDED");
  EXPECT_THAT(needed, testing::HasSubstr("libc.so.6"));
  EXPECT_THAT(needed, testing::Not(testing::HasSubstr("torch")));
  EXPECT_THAT(needed, testing::Not(testing::HasSubstr("c10")));
}

// The last is what Debian's dh_strip does to a library.
TEST(PluginFile, StrippingKeepsTheManifest) {
  const PluginFile whole = read_plugin_file(test::fusion_mean());
  ASSERT_FALSE(whole.manifest.empty());
  for (const std::string& strip : std::vector<std::string>{
           "strip ", "strip --strip-debug ",
           "strip --remove-section=.comment --remove-section=.note --strip-unneeded "}) {
    const test::Folder folder;
    const auto file = folder.path() / "libstripped.so";
    std::filesystem::copy_file(test::fusion_mean(), file);
    output_of(strip + file.string());
    EXPECT_NE(read_plugin_file(file).sha256, whole.sha256) << strip;
    EXPECT_EQ(read_plugin_file(file).manifest, whole.manifest) << strip;
    const Registry registry({folder.path()});
    for (const Rejected& rejected : registry.rejected()) ADD_FAILURE() << strip << rejected.reason;
    ASSERT_EQ(registry.parts().size(), 1) << strip;
    EXPECT_NE(registry.find("fusion.mean").component, nullptr) << strip;
  }
}

/// What opening the file says; "" if it opens.
std::string refusal(const std::filesystem::path& file) {
  try {
    Library::open(file, {});
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::plugin) << error.what();
    return error.what();
  }
}

// The loader maps what the headers promise, and dies by SIGBUS where the file has already ended.
TEST(PluginFile, EveryCutIsRefusedBeforeTheFileIsMapped) {
  const std::string whole = test::read_file(test::fusion_mean());
  test::Folder folder;
  int cuts = 0;
  for (std::size_t length = 0; length < whole.size(); length += 64, ++cuts) {
    const auto file = folder.write("cut.so", whole.substr(0, length));
    const char* const expected = length < 64
                                     ? "cut.so is no plug-in: it is not an ELF shared library."
                                     : "cut.so is damaged: its headers point outside the "
                                       "file. Copy or build it again.";
    ASSERT_EQ(refusal(file), expected) << length << " of " << whole.size() << " bytes";
    ASSERT_FALSE(test::is_mapped(file));
  }
  EXPECT_GE(cuts, 200);
  EXPECT_EQ(refusal(folder.write("whole.so", whole)), "");
}

}  // namespace
}  // namespace weft::host
