// SPDX-License-Identifier: Apache-2.0
/// The manifest of a plug-in: what its descriptor says, as a JSON text inside the file, so that a
/// host can know the file before running any of it. docs/abi/manifest.md describes the text.

#pragma once

#include <weft/abi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/version.hpp"
#include "host/registry/elf.hpp"

namespace weft::host {

/// One component, as far as a registry needs it.
struct ManifestPart {
  std::string id;          ///< as PartId::text() spells it
  std::uint32_t kind = 0;  ///< WEFT_KIND_…
  Version version;
  std::string summary;
  std::string config_schema;  ///< JSON Schema
  std::uint32_t state_version = 0;
};

struct Manifest {
  std::string version, vendor, license;  ///< of the plug-in as a whole
  std::uint32_t abi_major = 0, abi_minor = 0;
  std::string tier;   ///< "c-abi": links no LibTorch; "torch-full": links exactly `torch`
  std::string torch;  ///< LibTorch version of a torch-full plug-in, else empty
  std::vector<ManifestPart> parts;
};

/// What the descriptor does not know and whoever seals the file says.
struct SealFacts {
  std::string tier = "c-abi";
  std::string torch;
};

constexpr std::size_t longest_manifest = std::size_t{64} << 10;  // bytes

/// The manifest's text, in its one canonical form. Creates every component with its default
/// configuration for its ports; one that refuses it, or whose ports come from the wiring, is
/// written with the ports that it declared before.
/// @param plugin  checked by check_descriptor()
std::string manifest_text(const weft_plugin& plugin, const SharedObject& object,
                          const SealFacts& facts);

/// Reads a text out of an unknown file: at most longest_manifest bytes, few levels deep, no key
/// twice, all that Manifest holds there and of its form.
/// @throws Error (plugin) with `name` in the sentence
Manifest parse_manifest(std::string_view text, const std::string& name);

/// Where two manifests differ first, in words: `/parts/0/version is "1.0.0" there and "1.1.0" in
/// the library`. Empty if the texts are equal, but for a compiler that only the note still names:
/// who strips a library may take away what it said of that.
std::string first_difference(std::string_view note, std::string_view descriptor);

}  // namespace weft::host
