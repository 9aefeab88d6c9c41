// SPDX-License-Identifier: Apache-2.0
/// `weft new`: a project of a part, copied from share/weft/template.

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <map>

#include "host/base/prefix.hpp"
#include "host/base/text.hpp"
#include "host/base/version.hpp"
#include "host/command/options.hpp"
#include "host/registry/part_id.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// What stands for @WORD@ in a template.
using Words = std::map<std::string, std::string>;

void check_kind(const std::string& kind) {
  std::vector<std::string> kinds;
  for (std::uint32_t i = WEFT_KIND_ENCODER; i <= WEFT_KIND_FUNCTION; ++i)
    kinds.emplace_back(kind_name(i));
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    throw Error(Exit::usage, concat("weft new: no kind of part is called \"", kind, "\".",
                                    suggestion(kind, kinds)));
}

PartId check_id(const std::string& kind, const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return Error(Exit::usage, concat("weft new: ", why));
  };
  const std::optional<PartId> id = PartId::parse(text);
  if (!id)
    throw wrong(concat("\"", text, "\" is no id of a part; expected VENDOR/", kind,
                       ".NAME with words of a-z, 0-9 and _, such as acme/", kind, ".mine."));
  if (id->kind != kind)
    throw wrong(concat("the kind is \"", kind, "\", but the id \"", text, "\" says \"", id->kind,
                       "\". Make them agree."));
  if (id->vendor == "weft")
    throw wrong(concat("ids without a vendor are Weft's own. Call it VENDOR/", id->text(), "."));
  if (std::isalpha(static_cast<unsigned char>(id->name[0])) == 0)
    throw wrong(
        concat("the name \"", id->name, "\" becomes that of a class; begin it with a letter."));
  return *id;
}

/// `night_owl` → `NightOwl`.
std::string class_name(const std::string& name) {
  std::string text;
  bool begins = true;
  for (const char c : name) {
    if (c != '_')
      text += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '_';
  }
  return text;
}

std::string filled(const fs::path& file, const Words& words) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in)
    throw Error(Exit::no_input, concat("the template ", file.string(),
                                       " cannot be read. Install Weft with its component sdk."));
  for (const auto& [word, value] : words)
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += value.size())
      text.replace(at, word.size(), value);
  return text;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw Error(Exit::io, concat(file.string(), " cannot be written."));
}

}  // namespace

void new_part(const Options& options) {
  const std::string& kind = options.operands[0];
  check_kind(kind);
  if (!options.given.empty())
    throw Error(Exit::usage, concat("weft new: --", options.given.front(),
                                    " goes with `weft new recipe`, not with a part."));
  const PartId id = check_id(kind, options.operands[1]);
  const fs::path folder = options.operands.size() > 2 ? options.operands[2] : id.name;
  if (fs::exists(folder))
    throw Error(Exit::cannot_create, concat("weft new: ", folder.string(),
                                            " exists already. Remove it, or name another folder."));
  const fs::path prefix = installed_prefix(), from = prefix / "share/weft/template";
  const Version weft = *parse_version(WEFT_VERSION);
  const std::string library = concat("lib", id.vendor, "_", kind, "_", id.name, ".so");
  const Words words = {{"@ID@", id.text()},
                       {"@VENDOR@", id.vendor},
                       {"@KIND@", kind},
                       {"@NAME@", id.name},
                       {"@CLASS@", class_name(id.name) + class_name(kind)},
                       {"@LIBRARY@", library},
                       {"@PREFIX@", prefix.string()},
                       {"@WEFT@", concat(weft.major, ".", weft.minor)}};
  const std::map<std::string, std::string> files = {
      {"CMakeLists.txt", filled(from / "CMakeLists.txt.in", words)},
      {"README.md", filled(from / "README.md.in", words)},
      {id.name + ".cpp", filled(from / (kind + ".cpp.in"), words)}};

  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    throw Error(Exit::cannot_create, concat("weft new: the folder ", folder.string(),
                                            " cannot be made: ", failed.message(), "."));
  for (const auto& [name, text] : files) write(folder / name, text);

  std::cout << folder.string() << " holds " << id.text() << ", ready to build:\n\n  cd "
            << folder.string() << "\n  cmake -B build -DCMAKE_PREFIX_PATH=" << prefix
            << "\n  cmake --build build\n  " << (prefix / "bin/weft").string()
            << " plugin check build/" << library << "\n";
}

}  // namespace weft::host
