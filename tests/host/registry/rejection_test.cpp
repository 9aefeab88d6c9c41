// SPDX-License-Identifier: Apache-2.0
/// Files that must not be used, each with its sentence and exit code.
#include <elf.h>
#include <gmock/gmock.h>

#include <cstring>

#include "host/registry/core_api.hpp"
#include "tests/host/registry/folder.hpp"

namespace weft::host {
namespace {

using test::Folder;
using testing::EndsWith;
using testing::StartsWith;

weft_status known_only(const char* name, const char*, const char*, weft_op* out) {
  const std::string text = "no operation is called aten::unknown";
  if (std::string(name) == "aten::known")
    *out = reinterpret_cast<weft_op>(&known_only);
  else
    core_api()->error_set(WEFT_NOT_FOUND, text.data(), text.size());
  return std::string(name) == "aten::known" ? WEFT_OK : WEFT_NOT_FOUND;
}

/// A host that computes as far as these tests need: it can look operations up.
HostTables tables() {
  static weft_op_api op = [] {
    weft_op_api api{};
    api.size = sizeof api;
    api.lookup = known_only;
    return api;
  }();
  return {nullptr, &op, nullptr};
}

/// What a registry says of the only file in a folder.
Rejected only_rejection(const Folder& folder, HostTables host_tables = {}) {
  const Registry registry({folder.path()}, host_tables);
  EXPECT_TRUE(registry.parts().empty());
  EXPECT_EQ(registry.rejected().size(), 1u);
  return registry.rejected().empty() ? Rejected{} : registry.rejected().front();
}

Rejected rejection(const std::string& name, HostTables host_tables = {}) {
  Folder folder;
  folder.add(name);
  return only_rejection(folder, host_tables);
}

Rejected rejection_of_bytes(const std::string& file_name, const std::string& bytes) {
  Folder folder;
  folder.write(file_name, bytes);
  return only_rejection(folder);
}

std::string good_bytes() {
  Folder folder;
  return test::read_file(folder.add("good"));
}

/// How find() fails.
Rejected refusal(const Registry& registry, const std::string& use) {
  try {
    registry.find(use);
  } catch (const Error& error) {
    return {"", error.exit(), error.what()};
  }
  return {};
}

TEST(Rejection, TextFile) {
  const Rejected file = rejection_of_bytes("notes.so", "Remember the milk.\n");
  EXPECT_EQ(file.reason, "notes.so is no plug-in: it is not an ELF shared library.");
  EXPECT_EQ(file.exit, Exit::plugin);
  EXPECT_EQ(rejection_of_bytes("empty.so", "").reason,
            "empty.so is no plug-in: it is not an ELF shared library.");
}

TEST(Rejection, FolderNamedLikeALibrary) {
  Folder folder;
  std::filesystem::create_directory(folder.path() / "deep.so");
  EXPECT_EQ(only_rejection(folder).reason, "deep.so is no plug-in: it is not a regular file.");
}

TEST(Rejection, TruncatedAtAnyPlace) {
  const std::string whole = good_bytes();
  for (std::size_t length = 64; length < whole.size(); length += 997) {
    EXPECT_EQ(rejection_of_bytes("cut.so", whole.substr(0, length)).reason,
              "cut.so is damaged: its headers point outside the file. Copy or build it again.")
        << length;
  }
}

TEST(Rejection, OtherProcessor) {
  std::string bytes = good_bytes();
  const Elf64_Half machine = EM_S390;
  std::memcpy(&bytes[offsetof(Elf64_Ehdr, e_machine)], &machine, sizeof machine);
  EXPECT_EQ(rejection_of_bytes("x.so", bytes).reason,
            "x.so was built for another processor. Rebuild it on this one.");
}

TEST(Rejection, ObjectFile) {
  std::string bytes = good_bytes();
  const Elf64_Half type = ET_REL;
  std::memcpy(&bytes[offsetof(Elf64_Ehdr, e_type)], &type, sizeof type);
  EXPECT_EQ(rejection_of_bytes("x.so", bytes).reason,
            "x.so is no plug-in: it is an ELF file, but no shared library.");
}

// Found by fuzzing: names that lie in no byte of the file were given the gigabytes that they claim.
TEST(Rejection, NamesThatAreNotInTheFileTakeNoMemory) {
  std::string bytes = good_bytes();
  Elf64_Ehdr head;
  std::memcpy(&head, bytes.data(), sizeof head);
  int changed = 0;
  for (std::size_t i = 0; i < head.e_shnum; ++i) {
    char* const place = &bytes[head.e_shoff + i * sizeof(Elf64_Shdr)];
    Elf64_Shdr section;
    std::memcpy(&section, place, sizeof section);
    if (section.sh_type != SHT_STRTAB || i == head.e_shstrndx) continue;
    section.sh_type = SHT_NOBITS;
    section.sh_size = std::uint64_t{1} << 44;
    std::memcpy(place, &section, sizeof section);
    ++changed;
  }
  EXPECT_GE(changed, 1);
  EXPECT_EQ(rejection_of_bytes("x.so", bytes).reason,
            "x.so is no plug-in: it exports no symbol weft_plugin_v0.");
}

TEST(Rejection, NoEntry) {
  const Rejected file = rejection("no_entry");
  EXPECT_EQ(file.reason, "no_entry.so is no plug-in: it exports no symbol weft_plugin_v0.");
  EXPECT_EQ(file.exit, Exit::plugin);
}

TEST(Rejection, OtherMajorIsNotEvenLoaded) {
  const Rejected file = rejection("other_major");
  EXPECT_EQ(
      file.reason,
      "other_major.so was built for ABI 1; this host offers 0.10. Use a host that offers ABI 1, "
      "or rebuild the plug-in with SDK 0.x.");
  EXPECT_EQ(file.exit, Exit::abi_mismatch);
}

TEST(Rejection, MajorThatContradictsTheSymbol) {
  const Rejected file = rejection("lying_major");
  EXPECT_EQ(
      file.reason,
      "lying_major.so exports weft_plugin_v0 but says it was built for ABI 7. Rebuild it with "
      "one SDK.");
  EXPECT_EQ(file.exit, Exit::abi_mismatch);
}

TEST(Rejection, NewerMinor) {
  const Rejected file = rejection("newer_minor");
  EXPECT_EQ(
      file.reason,
      "newer_minor.so needs ABI 0.4000; this host offers 0.10. Use a newer host, or rebuild the "
      "plug-in with SDK 0.10.");
  EXPECT_EQ(file.exit, Exit::abi_mismatch);
}

TEST(Rejection, UndefinedSymbol) {
  const Rejected file = rejection("undefined_symbol");
  EXPECT_THAT(file.reason, StartsWith("undefined_symbol.so cannot be loaded: "));
  EXPECT_THAT(file.reason, EndsWith("undefined symbol: nobody_defines_this."));
  EXPECT_EQ(file.exit, Exit::plugin);
}

TEST(Rejection, UnknownOperation) {
  Folder folder;
  folder.add("unknown_operation");
  const Rejected file = refusal(Registry({folder.path()}, tables()), "fusion.good");
  EXPECT_EQ(
      file.reason,
      "unknown_operation.so needs the operation aten::unknown.Tensor, which this host lacks: no "
      "operation is called aten::unknown.");
  EXPECT_EQ(file.exit, Exit::abi_mismatch);
}

TEST(Rejection, OperationsAreResolvedBeforeInit) {
  Folder folder;
  folder.add("operation");
  test::Log log;
  Registry({folder.path()}, tables()).find("fusion.good");
  EXPECT_THAT(log.lines, testing::ElementsAre("slot filled", "init", "deinit"));
}

TEST(Rejection, HostThatOnlyChecksLeavesSlotsEmpty) {
  Folder folder;
  folder.add("unknown_operation");
  test::Log log;
  Registry({folder.path()}).find("fusion.good");
  EXPECT_THAT(log.lines, testing::ElementsAre("slot empty", "init", "deinit"));
}

TEST(Rejection, ForeignId) {
  const Rejected file = rejection("foreign_id");
  EXPECT_EQ(file.reason,
            "foreign_id.so is by \"acme\" and claims fusion.good: ids without a vendor are Weft's "
            "own. Call it VENDOR/fusion.good.");
  EXPECT_EQ(file.exit, Exit::plugin);
}

TEST(Rejection, FailingInit) {
  test::Log log;
  const Rejected file = rejection("failing_init");
  EXPECT_EQ(file.reason, "failing_init.so failed in init: no licence key.");
  EXPECT_EQ(file.exit, Exit::plugin);
  EXPECT_TRUE(log.lines.empty()) << "it ran in the probe only";
}

TEST(Rejection, ExceptionsOfEntryAndInit) {
  EXPECT_EQ(
      rejection("throwing_entry").reason,
      "throwing_entry.so failed in weft_plugin_v0: an exception crossed the plug-in border: the "
      "entry threw.");
  EXPECT_EQ(rejection("throwing_init").reason,
            "throwing_init.so failed in init: an exception crossed the plug-in border.");
}

struct Malformed {
  const char* name;
  const char* complaint;
};

class MalformedDescriptor : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedDescriptor, IsNamed) {
  const auto [name, complaint] = GetParam();
  const Rejected file = rejection(name);
  EXPECT_EQ(file.reason, std::string(name) + ".so has a malformed descriptor: " + complaint + ".");
  EXPECT_EQ(file.exit, Exit::plugin);
}

INSTANTIATE_TEST_SUITE_P(
    Rejection, MalformedDescriptor,
    testing::Values(
        Malformed{"null_descriptor", "it gave no descriptor"},
        Malformed{"short_plugin", "it is only 8 bytes long"},
        Malformed{"short_component", "component 0 is only 8 bytes long"},
        Malformed{"no_component", "it holds no component"},
        Malformed{"twice", "it holds fusion.good 1.0.0 twice"},
        Malformed{"null_id", "component 0 has no id"},
        Malformed{"bad_id", "\"fusion.Good\" is no id; expected [vendor/]fusion.name"},
        Malformed{"wrong_kind", "component \"encoder.good\" says that it is of kind fusion"},
        Malformed{"unknown_kind", "component \"fusion.good\" has the unknown kind 99"},
        Malformed{"bad_version", "component \"fusion.good\": \"1.0\" is no version such as 1.0.0"},
        Malformed{"bad_plugin_version", "null is no version such as 1.0.0"},
        Malformed{"no_schema", "component \"fusion.good\" has no config_schema"},
        Malformed{"no_create", "component \"fusion.good\" lacks create, destroy or call"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Rejection, BiggerDescriptorsAreWelcome) {
  Folder folder;
  folder.add("bigger");
  EXPECT_EQ(Registry({folder.path()}).find("fusion.good").version.text(), "1.0.0");
}

}  // namespace
}  // namespace weft::host
