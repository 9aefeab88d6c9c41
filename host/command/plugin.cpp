// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/command/plugin_info.hpp"
#include "host/registry/part_id.hpp"
#include "host/registry/plugin_file.hpp"
#include "host/registry/scan_cache.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

void list(const Options& options) {
  const Registry registry(search_path(options));
  if (options.json) {
    OrderedJson parts = OrderedJson::array(), rejected = OrderedJson::array();
    for (const Part& part : registry.parts()) parts.push_back(part_document(part));
    for (const Rejected& file : registry.rejected())
      rejected.push_back({{"file", file.file.string()}, {"reason", file.reason}});
    std::cout << document_text(OrderedJson{{"parts", parts}, {"rejected", rejected}});
    return;
  }
  Table table({"part", "version", "file", "summary"});
  for (const Part& part : registry.parts())
    table.add({part.id, part.version.text(), part.file.filename().string(), part.summary});
  std::cout << table.text();
  for (const Rejected& file : registry.rejected())
    std::cerr << "weft: not usable: " << printable(file.reason, k_sentence_bytes) << "\n";
}

void which(const Options& options) {
  const Registry registry(search_path(options));
  const Part& part = registry.which(options.operands[1]);
  if (options.json)
    std::cout << document_text(part_document(part));
  else
    std::cout << part.file.string() << "\n";
}

void seal_file(const Options& options) {
  seal(options.operands[1], {options.tier, options.torch});
}

void unblock_file(const Options& options) {
  const std::string& file = options.operands[1];
  if (!unblock(sha256(file)))
    throw Error(Exit::usage, concat(file, " is not blocked. `weft plugin list` names what is."));
}

void examine(const Options& options) {
  run_computing("weft_run_plugin_check", options);
}

struct Action {
  const char* name;
  std::size_t operands;
  std::vector<std::string> options;  ///< those of the verb that it reads
  void (*run)(const Options&);
};

const std::vector<Action>& actions() {
  static const std::vector<Action> all = {
      {"list", 0, {"plugins", "json"}, list},
      {"info", 1, {"plugins", "config", "json"}, plugin_info},
      {"which", 1, {"plugins", "json"}, which},
      {"check", 1, {"level", "config", "size", "json"}, examine},
      {"seal", 1, {"tier", "torch"}, seal_file},
      {"unblock", 1, {}, unblock_file}};
  return all;
}

void require_known_options(const Action& action, const Options& options) {
  for (const std::string& name : options.given)
    if (std::ranges::find(action.options, name) == action.options.end())
      throw Error(Exit::usage,
                  concat("weft plugin ", action.name, ": --", name, " is not for this action. ",
                         action.options.empty() ? "It takes no option."
                                                : "It takes --" + enumerate(action.options) + "."));
}

}  // namespace

void plugin(const Options& options) {
  const std::string& what = options.operands[0];
  std::vector<std::string> names;
  for (const Action& action : actions()) {
    names.emplace_back(action.name);
    if (what != action.name) continue;
    require_known_options(action, options);
    if (options.operands.size() == action.operands + 1) return action.run(options);
    throw Error(Exit::usage, concat("weft plugin ", what, ": expected ", action.operands,
                                    action.operands == 1 ? " operand" : " operands", ", found ",
                                    options.operands.size() - 1, "."));
  }
  throw Error(Exit::usage,
              concat("weft plugin: no action is called \"", what, "\".", suggestion(what, names)));
}

}  // namespace weft::host
