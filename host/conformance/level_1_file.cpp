// SPDX-License-Identifier: Apache-2.0
/// Level 1: the file, before anything of it runs in a host.

#include <algorithm>

#include "host/base/text.hpp"
#include "host/conformance/catalogue.hpp"
#include "host/registry/plugin_file.hpp"
#include "host/registry/probe.hpp"

namespace weft::host {
namespace {

void manifest(const Examination& examination) {
  checked_manifest(read_plugin_file(examination.file));
}

void symbols(const Examination& examination) {
  const SharedObject object = read_plugin_file(examination.file).object;
  if (!object.unique.empty())
    throw Fault(concat("it has the GNU-unique symbol ", object.unique.front(),
                       ", which keeps a library loaded for ever"),
                "compile with -fno-gnu-unique, or use weft_add_plugin().");
  std::vector<std::string> others;
  for (const std::string& symbol : object.exported)
    if (symbol != WEFT_ENTRY_NAME) others.push_back(symbol);
  if (others.empty()) return;
  const std::size_t count = others.size();
  others.resize(std::min<std::size_t>(count, 3));
  throw Fault(concat("it exports ", count, " symbols besides " WEFT_ENTRY_NAME ": ",
                     enumerate(others), count > 3 ? " …" : ""));
}

void segments(const Examination& examination) {
  const SharedObject object = read_plugin_file(examination.file).object;
  if (object.text_relocations)
    throw Fault("its code has relocations, which makes it writable while it is loaded",
                "compile everything in it with -fPIC.");
  if (object.executable_stack)
    throw Fault("it asks for an executable stack",
                "link with -z noexecstack; an assembler source says so with a .note.GNU-stack "
                "section.");
}

/// How the file was sealed; a manifest that cannot be read is the business of another test.
SealFacts facts_of(const PluginFile& file) {
  try {
    const Manifest manifest = parse_manifest(file.manifest, file.name());
    return {manifest.tier, manifest.torch};
  } catch (const Error&) {
    return {};
  }
}

void needs(const Examination& examination) {
  const PluginFile file = read_plugin_file(examination.file);
  if (facts_of(file).tier == "torch-full")
    throw NotApplicable("a plug-in of tier torch-full links what it likes");
  if (const std::string foreign = foreign_library(file.object); !foreign.empty())
    throw Fault(concat("it needs ", foreign, ", which a host need not have"));
}

void loads(const Examination& examination) {
  const PluginFile file = read_plugin_file(examination.file);
  const SealFacts facts = facts_of(file);
  const ProbeReport report = probe(examination.file, facts);
  if (report.exit != Exit::ok) throw Fault(report.text, "", report.exit);
  const std::string difference = first_difference(file.manifest, report.text);
  if (!file.manifest.empty() && !difference.empty())
    throw Fault(concat("its manifest does not say what its descriptor says: ", difference),
                "seal the file after it was linked: weft plugin seal FILE.");
}

}  // namespace

std::vector<Test> file_tests() {
  return {
      {"manifest", 1, false, "", "abi.h, WEFT_MANIFEST_NOTE",
       "write WEFT_MANIFEST_NOTE, or WEFT_PLUGIN(), once per library, and seal it with `weft "
       "plugin seal FILE`.",
       manifest},
      {"symbols", 1, false, "", "abi.h, WEFT_ENTRY",
       "link with sdk/include/weft/plugin.map, or use weft_add_plugin().", symbols},
      {"segments", 1, false, "", "abi.h, WEFT_ENTRY", "", segments},
      {"needs", 1, false, "", "abi.h, WEFT_ENTRY",
       "link it statically, or ship it as a plug-in that needs only the C and C++ run-time "
       "libraries.",
       needs},
      {"loads", 1, false, "", "abi.h, weft_plugin",
       "mend what the sentence names; `weft plugin seal FILE` shows it too.", loads},
  };
}

}  // namespace weft::host
