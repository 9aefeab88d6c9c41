// SPDX-License-Identifier: Apache-2.0
#include "host/registry/manifest.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "host/base/array.hpp"
#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/declarations.hpp"
#include "host/registry/descriptor.hpp"
#include "host/registry/guard.hpp"
#include "host/registry/part_id.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t deepest = 32;  // levels of a config schema and a few around it

std::uint32_t kind_of(const std::string& name) {
  for (std::uint32_t kind = 1; kind_name(kind) != nullptr; ++kind)
    if (name == kind_name(kind)) return kind;
  throw std::invalid_argument("\"" + name + "\" is no kind");
}

Version version_of(const Json& json) {
  const auto version = parse_version(json.get_ref<const std::string&>());
  if (!version) throw std::invalid_argument(json.dump() + " is no version such as 1.0.0");
  return *version;
}

std::uint32_t number_of(const Json& json) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > most)
    throw std::invalid_argument(json.dump() + " is no number from 0 to 4294967295");
  return json.get<std::uint32_t>();
}

ManifestPart part_of(const Json& json) {
  ManifestPart part;
  part.id = json.at("id").get<std::string>();
  part.kind = kind_of(json.at("kind"));
  const auto id = PartId::parse(part.id);
  if (!id || id->text() != part.id || id->kind != kind_name(part.kind))
    throw std::invalid_argument("\"" + part.id + "\" is no id of a " + kind_name(part.kind));
  part.version = version_of(json.at("version"));
  part.summary = json.at("summary").get<std::string>();
  part.state_version = number_of(json.at("state_version"));
  if (!json.at("config").is_object()) throw std::invalid_argument("config is no object");
  part.config_schema = json.at("config").dump();
  return part;
}

/// The configuration that results when a recipe gives none.
std::string default_config(const Json& schema) {
  Json config = Json::object();
  const auto properties = schema.find("properties");
  if (properties != schema.end() && properties->is_object())
    for (const auto& [name, property] : properties->items())
      if (property.is_object() && property.contains("default")) config[name] = property["default"];
  return config.dump();
}

Json port_json(const Port& port) {
  Json json{{"name", port.name},
            {"direction", port.output ? "out" : "in"},
            {"shape", port.shape},
            {"dtypes", dtype_names(port.dtypes)}};
  if (port.optional) json["optional"] = true;
  if (port.list) json["list"] = true;
  if (!port.mask_of.empty()) json["mask_of"] = port.mask_of;
  return json;
}

Json ports_json(const weft_component& component, const Json& schema) {
  weft_context_s context;
  context.wires_unless_named = 1;
  void* self = nullptr;
  const std::string config = default_config(schema);
  const auto at = [&](const char* entry) {
    return Entry{"the library", component.id, nullptr, entry};
  };
  const Outcome created = attempt(at("create"), [&] {
    return component.create(&context, config.data(), config.size(), &self);
  });
  context.open = false;
  if (created.status == WEFT_OK)
    attempt(at("destroy"), [&] {
      component.destroy(self);
      return WEFT_OK;
    });
  Json ports = Json::array();
  for (const auto* list : {&context.declared.inputs, &context.declared.outputs})
    for (const Port& port : *list)
      if (!port.on_demand) ports.push_back(port_json(port));  // hosts of ABI 0.9 are told of none
  return ports;
}

Json component_json(const weft_component& component) {
  const Json schema = Json::parse(component.config_schema, nullptr, false);
  if (!schema.is_object())
    throw Error(Exit::plugin, concat("the config_schema of ", component.id, " is no JSON object."));
  return {{"id", PartId::parse(component.id)->text()},
          {"kind", kind_name(component.kind)},
          {"version", component.version},
          {"summary", component.summary},
          {"state_version", component.state_version},
          {"config", schema},
          {"ports", ports_json(component, schema)}};
}

Json operations_json(const weft_operation* operation) {
  std::set<std::string> names;
  for (; operation != nullptr; operation = operation->next) {
    std::string name = operation->name;
    if (operation->schema != nullptr)
      name = concat(name.substr(0, name.find("::") + 2), operation->schema);
    else if (operation->overload != nullptr && *operation->overload != '\0')
      name += concat(".", operation->overload);
    names.insert(name);
  }
  return names;
}

std::string canonical(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string manifest_text(const weft_plugin& plugin, const SharedObject& object,
                          const SealFacts& facts) {
  Json parts = Json::array();
  for (std::uint32_t i = 0; i < plugin.n_components; ++i)
    parts.push_back(component_json(*plugin.components[i]));
  Json manifest{{"weft_manifest", 1},
                {"version", plugin.version},
                {"vendor", plugin.vendor},
                {"license", plugin.license},
                {"abi", {{"major", plugin.abi_major}, {"minor", plugin.abi_minor_needed}}},
                {"tier", facts.tier}};
  if (!facts.torch.empty()) manifest["torch"] = facts.torch;
  manifest["parts"] = parts;
  manifest["operations"] = operations_json(plugin.operations);
  manifest["build"] = {{"compiler", object.compiler}, {"needed", object.needed}};
  return canonical(manifest);
}

Manifest parse_manifest(std::string_view text, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(Exit::plugin, concat(name, " has a malformed manifest: ", what,
                                     ". Seal it again with `weft plugin seal`."));
  };
  if (text.size() > longest_manifest) refuse(concat("it is ", text.size(), " bytes long"));
  Manifest manifest;
  try {
    const Json json = parse_in_order(text, deepest);
    if (json.at("weft_manifest") != 1) refuse("it is of a later format");
    json.at("version").get_to(manifest.version);
    version_of(json.at("version"));
    json.at("vendor").get_to(manifest.vendor);
    json.at("license").get_to(manifest.license);
    manifest.abi_major = number_of(json.at("abi").at("major"));
    manifest.abi_minor = number_of(json.at("abi").at("minor"));
    json.at("tier").get_to(manifest.tier);
    if (manifest.tier != "c-abi" && manifest.tier != "torch-full")
      refuse("\"" + manifest.tier + "\" is no tier");
    manifest.torch = json.value("torch", "");
    for (const Json& part : json.at("parts")) manifest.parts.push_back(part_of(part));
    if (manifest.parts.empty()) refuse("it names no part");
    for (const ManifestPart& part : manifest.parts) check_owner(part.id, manifest.vendor, name);
  } catch (const Json::exception& error) {
    refuse(error.what());
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  return manifest;
}

std::string first_difference(std::string_view note, std::string_view descriptor) {
  if (note == descriptor) return "";
  const Json a = Json::parse(note, nullptr, false);
  Json b = Json::parse(descriptor, nullptr, false);
  if (const Json::json_pointer compiler("/build/compiler");
      a.contains(compiler) && b.value(compiler, "?").empty()) {
    b[compiler] = a[compiler];
    if (canonical(b) == note) return "";
  }
  const Json changes = Json::diff(a, b);
  if (changes.empty()) return "the texts differ, though they mean the same";
  std::string pointer = changes[0].at("path");
  if (pointer.ends_with("/-")) {  // something more at the end of a list
    const Json::json_pointer list(pointer.substr(0, pointer.size() - 2));
    pointer = concat(list.to_string(), "/", a.at(list).size());
  }
  const auto shown = [&](const Json& json) -> std::string {
    const Json::json_pointer place(pointer);
    std::string text = json.contains(place) ? json.at(place).dump() : "missing";
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
  };
  return concat(pointer, " is ", shown(a), " there and ", shown(b), " in the library");
}

}  // namespace weft::host
