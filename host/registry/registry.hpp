// SPDX-License-Identifier: Apache-2.0
/// Finds plug-ins in folders and parts in plug-ins.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/version.hpp"
#include "host/registry/library.hpp"
#include "host/registry/part_id.hpp"

namespace weft::host {

/// One component of a plug-in, known from its manifest.
struct Part {
  std::string id;          ///< as PartId::text() spells it
  std::uint32_t kind = 0;  ///< WEFT_KIND_…
  Version version;
  std::string summary;
  std::string config_schema;  ///< JSON Schema, not yet parsed
  std::uint32_t state_version = 0;
  std::string vendor, license, plugin_version;  ///< of the plug-in as a whole
  std::filesystem::path file;
  std::string sha256;                         ///< of the file
  const weft_component* component = nullptr;  ///< null until find() has loaded it
  std::shared_ptr<const Library> library;     ///< keeps `component` valid
};

/// A file in the search path that cannot be used, and why.
struct Rejected {
  std::filesystem::path file;
  Exit exit = Exit::plugin;
  std::string reason;  ///< a finished sentence
};

/// All parts of a search path, known from their manifests: no plug-in code runs in this process
/// until find() loads the library that a recipe uses. One thread uses a registry at a time.
class Registry {
 public:
  /// Looks at every `*.so` of every folder: folders in the order given, files by name, each file
  /// once. A file that was never seen before is probed in a process of its own. What cannot be used
  /// goes to rejected(), as does a folder that does not exist.
  explicit Registry(const std::vector<std::filesystem::path>& search_path, HostTables tables = {});

  Registry(const Registry&) = delete;  // find() hands out references
  Registry& operator=(const Registry&) = delete;

  /// The part that a recipe's `use` means, loaded: `fusion.mean`, `weft/fusion.mean@^1.0`. Of
  /// several versions inside the range it is the highest. Throws Error with Exit::bad_recipe if
  /// `use` is malformed, unknown or out of range, with Exit::plugin if two libraries hold that very
  /// version.
  const Part& find(const std::string& use) const;
  /// The same part, not loaded.
  const Part& which(const std::string& use) const;

  /// Unloads a library that find() loaded; find() loads it again. References that find() gave to
  /// its parts no longer name a component.
  /// @throws Error (plugin) naming every holder while anything of it is in use
  void unload(const std::filesystem::path& file);

  /// In the order of the search path.
  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Rejected>& rejected() const { return rejected_; }

  /// The parts of one file, loaded. Throws Error if it cannot be used.
  static std::vector<Part> load_file(const std::filesystem::path& file, HostTables tables = {});
  /// The parts of one file, not loaded. Throws Error if it cannot be used.
  static std::vector<Part> parts_of(const std::filesystem::path& file);

 private:
  [[noreturn]] void throw_unknown(const PartId& id) const;

  std::vector<std::filesystem::path> search_path_;
  HostTables tables_;
  mutable std::vector<Part> parts_;  // find() loads them
  std::vector<Rejected> rejected_;
};

/// The folders named by WEFT_PLUGIN_PATH (colon separated), then, if it exists,
/// `../lib/weft/plugins` as seen from the executable's folder.
std::vector<std::filesystem::path> default_search_path();

}  // namespace weft::host
