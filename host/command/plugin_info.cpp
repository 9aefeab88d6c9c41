// SPDX-License-Identifier: Apache-2.0
#include "host/command/plugin_info.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/graph/node_config.hpp"
#include "host/registry/instance.hpp"
#include "host/registry/plugin_file.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// What a silent recipe's value follows, as host/graph/node_config.hpp says; else "".
std::string wired(const OrderedJson& field) {
  const OrderedJson* holder = field.contains("x-from") ? &field : nullptr;
  if (holder == nullptr && field.contains("$defs")) holder = &field.at("$defs");
  if (holder == nullptr || !holder->contains("x-from")) return "";
  const OrderedJson& from = holder->at("x-from");
  if (!from.is_object()) return "";
  const std::string port = from.value("port", "");
  return from.contains("axis")
             ? concat(" If left out, axis ", from.at("axis").dump(), " of what is wired to ", port,
                      ".")
             : concat(" If left out, the classes of what is wired to ", port, ".");
}

std::string types_text(std::uint32_t dtypes) {
  if ((dtypes & WEFT_DTYPES_FLOAT) == WEFT_DTYPES_FLOAT && (dtypes & ~WEFT_DTYPES_FLOAT) == 0)
    return "float";
  std::string text;
  for (const std::string& name : dtype_names(dtypes)) text += (text.empty() ? "" : " ") + name;
  return text;
}

/// "input", "input, optional", "input, list", "output", "output, on demand".
std::string role_text(const Port& port) {
  return concat(port.output ? "output" : "input", port.optional ? ", optional" : "",
                port.list ? ", list" : "", port.on_demand ? ", on demand" : "");
}

std::string meaning(const Port& port) {
  return port.mask_of.empty() ? port.doc : concat("Which of ", port.mask_of, " is real.");
}

/// The part's defaults, and what is given.
std::string complete(const Part& part, const std::string& config) {
  try {
    return complete_config(part, config);
  } catch (const Error& error) {
    if (error.exit() != Exit::bad_recipe) throw;
    throw Error(Exit::bad_recipe, concat("--config: ", error.what()));
  }
}

/// With two wires at each port: some parts count them, and need a query and a context.
Instance create(const Part& part, const Options& options) {
  return {part, part.id, complete(part, options.config), {}, 2};
}

OrderedJson ports_document(const Instance& instance) {
  OrderedJson ports = OrderedJson::array();
  for (const auto* list : {&instance.inputs(), &instance.outputs()})
    for (const Port& port : *list)
      ports.push_back({{"name", port.name},
                       {"role", port.output ? "output" : "input"},
                       {"shape", port.shape},
                       {"types", types_text(port.dtypes)},
                       {"optional", port.optional},
                       {"list", port.list},
                       {"on_demand", port.on_demand},
                       {"mask_of", port.mask_of},
                       {"description", meaning(port)}});
  return ports;
}

void print_config(const Part& part) {
  Table table({"field", "type", "default", "meaning"});
  const OrderedJson schema = OrderedJson::parse(part.config_schema);
  if (schema.contains("properties"))
    for (const auto& [name, field] : schema.at("properties").items())
      table.add({name, field.value("type", ""),
                 field.contains("default") ? field["default"].dump() : "",
                 field.value("description", "") + wired(field)});
  if (!table.empty()) std::cout << "\n" << table.text();
}

void print_ports(const Instance& instance) {
  Table table({"port", "role", "shape", "types", "meaning"});
  for (const auto* list : {&instance.inputs(), &instance.outputs()})
    for (const Port& port : *list)
      table.add({port.name, role_text(port), port.shape, types_text(port.dtypes), meaning(port)});
  std::cout << "\n" << table.text();
}

void print_head(const Part& part) {
  std::cout << part.id << " " << part.version.text() << ": " << printable(part.summary)
            << "\n  file     " << printable(part.file.string()) << "\n  sha256   " << part.sha256
            << "\n  license  " << printable(part.license) << "\n";
}

bool names_a_file(const std::string& what) {
  return what.ends_with(".so") || std::filesystem::exists(what);
}

void show_file(const Options& options) {
  OrderedJson all = OrderedJson::array();
  for (const Part& part : Registry::parts_of(options.operands[1])) {
    all.push_back(part_document(part));
    if (options.json) continue;
    print_head(part);
    print_config(part);
  }
  if (options.json) std::cout << document_text(all);
}

}  // namespace

OrderedJson part_document(const Part& part) {
  return {{"id", part.id},
          {"kind", kind_name(part.kind)},
          {"version", part.version.text()},
          {"summary", part.summary},
          {"state_version", part.state_version},
          {"file", part.file.string()},
          {"sha256", part.sha256},
          {"plugin_version", part.plugin_version},
          {"vendor", part.vendor},
          {"license", part.license},
          {"config", OrderedJson::parse(part.config_schema)}};
}

void plugin_info(const Options& options) {
  const std::string& what = options.operands[1];
  if (names_a_file(what)) return show_file(options);
  const Registry registry(search_path(options));
  const Part& part = registry.find(what);
  const Instance instance = create(part, options);
  if (options.json) {
    OrderedJson document = part_document(part);
    document["ports"] = ports_document(instance);
    std::cout << document_text(OrderedJson::array({document}));
    return;
  }
  print_head(part);
  print_ports(instance);
  print_config(part);
}

}  // namespace weft::host
