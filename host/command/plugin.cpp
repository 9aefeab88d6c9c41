// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/command/verbs.hpp"
#include "host/registry/part_id.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;

/// A part as schemas/manifest.schema.json describes it.
Json manifest(const Part& part) {
  return {{"id", part.id},
          {"kind", kind_name(part.kind)},
          {"version", part.version.text()},
          {"summary", part.summary},
          {"state_version", part.state_version},
          {"file", part.file.string()},
          {"sha256", sha256(part.file)},
          {"plugin_version", part.plugin_version},
          {"vendor", part.vendor},
          {"license", part.license},
          {"config", Json::parse(part.config_schema)}};
}

void list(const Options& options) {
  const Registry registry(search_path(options));
  if (options.json) {
    Json parts = Json::array(), rejected = Json::array();
    for (const Part& part : registry.parts()) parts.push_back(manifest(part));
    for (const Rejected& file : registry.rejected())
      rejected.push_back({{"file", file.file.string()}, {"reason", file.reason}});
    std::cout << Json{{"parts", parts}, {"rejected", rejected}}.dump(2) << "\n";
    return;
  }
  Table table({"part", "version", "file", "summary"});
  for (const Part& part : registry.parts())
    table.add({part.id, part.version.text(), part.file.filename().string(), part.summary});
  std::cout << table.text();
  for (const Rejected& file : registry.rejected())
    std::cerr << "weft: not usable: " << file.reason << "\n";
}

void print(const Part& part) {
  std::cout << part.id << " " << part.version.text() << ": " << part.summary << "\n  file     "
            << part.file.string() << "\n  sha256   " << sha256(part.file) << "\n  license  "
            << part.license << "\n\n";
  Table table({"field", "type", "default", "meaning"});
  const Json schema = Json::parse(part.config_schema);
  if (schema.contains("properties"))
    for (const auto& [name, field] : schema.at("properties").items())
      table.add({name, field.value("type", ""),
                 field.contains("default") ? field["default"].dump() : "",
                 field.value("description", "")});
  std::cout << table.text();
}

void info(const Options& options) {
  const std::string& what = options.operands[1];
  std::vector<Part> parts;
  if (what.ends_with(".so") || std::filesystem::exists(what))
    parts = Registry::load_file(what);
  else
    parts = {Registry(search_path(options)).find(what)};
  Json all = Json::array();
  for (const Part& part : parts) {
    if (options.json)
      all.push_back(manifest(part));
    else
      print(part);
  }
  if (options.json) std::cout << all.dump(2) << "\n";
}

}  // namespace

void plugin(const Options& options) {
  const std::string& what = options.operands[0];
  if (what == "list" && options.operands.size() == 1) return list(options);
  if (what == "info" && options.operands.size() == 2) return info(options);
  throw Error(Exit::usage,
              concat("weft plugin: expected `list` or `info ID-OR-FILE`, found \"", what, "\"."));
}

}  // namespace weft::host
