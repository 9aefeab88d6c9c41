// SPDX-License-Identifier: Apache-2.0
#include "host/registry/descriptor.hpp"

#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/base/version.hpp"
#include "host/registry/part_id.hpp"

namespace weft::host {
namespace {

constexpr std::uint32_t most_components = 10000;  // a larger number is a damaged descriptor

/// Sentences of one library, all beginning alike.
class Checker {
 public:
  explicit Checker(std::string library) : library_(std::move(library)) {}

  void check(const weft_plugin* plugin) {
    require(plugin != nullptr, "it gave no descriptor");
    require(WEFT_HAS(plugin, deinit), "it is only ", plugin->size, " bytes long");
    check_abi(plugin->abi_major, plugin->abi_minor_needed, library_);
    require(is_version(plugin->version), quoted(plugin->version), " is no version such as 1.0.0");
    require(plugin->vendor != nullptr, "it names no vendor");
    require(plugin->license != nullptr, "it names no licence");
    require(plugin->n_components > 0 && plugin->components != nullptr, "it holds no component");
    require(plugin->n_components <= most_components, "it claims ", plugin->n_components,
            " components");
    for (std::uint32_t i = 0; i < plugin->n_components; ++i) {
      check(plugin->components[i], i);
      check_owner(plugin->components[i]->id, plugin->vendor, library_);
    }
  }

 private:
  void check(const weft_component* part, std::uint32_t index) {
    require(part != nullptr, "component ", index, " is null");
    require(WEFT_HAS(part, get_extension), "component ", index, " is only ", part->size,
            " bytes long");
    require(part->id != nullptr, "component ", index, " has no id");
    const std::string id = part->id;
    const char* kind = kind_name(part->kind);
    require(kind != nullptr, "component \"", id, "\" has the unknown kind ", part->kind);
    const auto parsed = PartId::parse(id);
    require(parsed.has_value(), quoted(part->id), " is no id; expected [vendor/]", kind, ".name");
    require(parsed->kind == kind, "component \"", id, "\" says that it is of kind ", kind);
    require(is_version(part->version), "component \"", id, "\": ", quoted(part->version),
            " is no version such as 1.0.0");
    require(part->summary != nullptr, "component \"", id, "\" has no summary");
    require(part->config_schema != nullptr, "component \"", id, "\" has no config_schema");
    require(part->create && part->destroy && part->call, "component \"", id,
            "\" lacks create, destroy or call");
    require(seen_.insert(parsed->text() + " " + part->version).second, "it holds ", id, " ",
            part->version, " twice");
  }

  template <class... Words>
  void require(bool good, const Words&... words) const {
    if (!good)
      throw Error(Exit::plugin, concat(library_, " has a malformed descriptor: ", words..., "."));
  }

  static bool is_version(const char* text) {
    return text != nullptr && parse_version(text).has_value();
  }

  static std::string quoted(const char* text) {
    return text == nullptr ? "null" : concat('"', text, '"');
  }

  std::string library_;
  std::set<std::string> seen_;  ///< id and version of the components so far
};

}  // namespace

void check_owner(const std::string& id, const std::string& vendor, const std::string& name) {
  const std::string own = PartId::parse(id)->text();
  if (vendor == "weft" || own.find('/') != std::string::npos) return;
  throw Error(Exit::plugin,
              concat(name, " is by \"", vendor, "\" and claims ", own,
                     ": ids without a vendor are Weft's own. Call it VENDOR/", own, "."));
}

void check_abi(std::uint32_t major, std::uint32_t minor_needed, const std::string& name) {
  if (major != WEFT_ABI_MAJOR)
    throw Error(Exit::abi_mismatch,
                concat(name, " exports " WEFT_ENTRY_NAME " but says it was built for ABI ", major,
                       ". Rebuild it with one SDK."));
  if (minor_needed > WEFT_ABI_MINOR)
    throw Error(Exit::abi_mismatch,
                concat(name, " needs ABI ", WEFT_ABI_MAJOR, ".", minor_needed,
                       "; this host offers ", WEFT_ABI_MAJOR, ".", WEFT_ABI_MINOR,
                       ". Use a newer host, or rebuild the plug-in with SDK ", WEFT_ABI_MAJOR, ".",
                       WEFT_ABI_MINOR, "."));
}

void check_descriptor(const weft_plugin* plugin, const std::string& name) {
  Checker(name).check(plugin);
}

}  // namespace weft::host
