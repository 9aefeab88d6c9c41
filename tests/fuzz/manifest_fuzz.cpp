// SPDX-License-Identifier: Apache-2.0
/// Text of a manifest out of an unknown file, and its comparison with what a probe tells.

#include <cstdlib>
#include <string>

#include "host/base/error.hpp"
#include "host/registry/manifest.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const weft::host::Manifest manifest = weft::host::parse_manifest(text, "a.so");
    if (manifest.parts.empty() || text.size() > weft::host::longest_manifest) std::abort();
    for (const weft::host::ManifestPart& part : manifest.parts)
      if (part.id.empty() || part.kind == 0) std::abort();
    // Only a text that was accepted is ever compared.
    if (!weft::host::first_difference(text, text).empty()) std::abort();
    if (weft::host::first_difference(text, R"({"weft_manifest": 1})").empty()) std::abort();
  } catch (const weft::host::Error& error) {
    if (!std::string(error.what()).starts_with("a.so ")) std::abort();
  }
  return 0;
}
