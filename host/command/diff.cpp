// SPDX-License-Identifier: Apache-2.0
/// `weft diff RUN RUN`: what two runs do not have in common.

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/run_lock.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/recipe/difference.hpp"
#include "host/recipe/kept.hpp"
#include "host/report/table.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// With absolute paths, so that two folders at different depths have the same data.
std::string resolved(const RunRecord& run) {
  try {
    return read_kept(run.folder, folder_when_written(OpenFolder(run.folder)), {}).resolved;
  } catch (const Error& error) {
    std::cerr << "warning: " << error.what() << " Its text is compared as it stands.\n";
    return run.recipe_text;
  }
}

/// weft.lock without the folder, which two runs never share.
std::string lock_of(const RunRecord& run) {
  OrderedJson lock = OrderedJson::parse(run.lock_text, nullptr, /*allow_exceptions=*/false);
  if (!lock.is_object()) return "{}";
  lock.erase("folder");
  return lock.dump();
}

OrderedJson document(const std::vector<Difference>& found) {
  OrderedJson list = OrderedJson::array();
  for (const Difference& one : found)
    list.push_back({{"pointer", one.pointer},
                    {"a", OrderedJson::parse(one.before.empty() ? "null" : one.before, nullptr,
                                             /*allow_exceptions=*/false)},
                    {"b", OrderedJson::parse(one.now.empty() ? "null" : one.now, nullptr,
                                             /*allow_exceptions=*/false)}});
  return list;
}

void print(const char* title, const std::vector<Difference>& found) {
  std::cout << title << (found.empty() ? ": the same\n" : ":\n");
  if (found.empty()) return;
  Table table({"  where", "a", "b"});
  for (const Difference& one : found)
    table.add({"  " + one.pointer, one.before.empty() ? "-" : one.before,
               one.now.empty() ? "-" : one.now});
  std::cout << table.text();
}

/// "loss total" and "accuracy (test)" by run.
std::map<std::string, std::pair<double, double>> shared_numbers(const RunRecord& a,
                                                                const RunRecord& b) {
  std::map<std::string, std::pair<double, double>> numbers;
  const auto join = [&](const auto& one, const auto& two, const std::string& before,
                        const std::string& behind) {
    for (const auto& [name, value] : one)
      if (const auto other = two.find(name); other != two.end())
        numbers[before + name + behind] = {value, other->second};
  };
  join(a.losses, b.losses, "loss ", "");
  if (a.split == b.split) join(a.metrics, b.metrics, "", concat(" (", a.split, ")"));
  return numbers;
}

}  // namespace

void diff(const Options& options) {
  const RunRecord a = read_record(options.operands[0]), b = read_record(options.operands[1]);
  const std::vector<Difference> recipe = differences(resolved(a), resolved(b));
  std::vector<Difference> parts, data, machine;
  for (Difference& one : differences(lock_of(a), lock_of(b))) {
    const bool is_data = one.pointer.starts_with("/data") || one.pointer.starts_with("/tokenizers");
    auto& list = is_data ? data : one.pointer.starts_with("/parts") ? parts : machine;
    list.push_back(std::move(one));
  }
  const auto numbers = shared_numbers(a, b);
  if (options.json) {
    OrderedJson values = OrderedJson::object();
    for (const auto& [name, pair] : numbers) values[name] = {{"a", pair.first}, {"b", pair.second}};
    std::cout << document_text({{"a", a.folder},
                                {"b", b.folder},
                                {"recipe", document(recipe)},
                                {"parts", document(parts)},
                                {"data", document(data)},
                                {"machine", document(machine)},
                                {"numbers", values}});
    return;
  }
  std::cout << "a: " << printable(a.folder) << ", " << a.state << ", " << a.steps << " steps\n"
            << "b: " << printable(b.folder) << ", " << b.state << ", " << b.steps << " steps\n";
  print("recipe", recipe);
  print("parts", parts);
  print("data", data);
  print("machine and seed", machine);
  Table table({"numbers", "a", "b", "b - a"});
  for (const auto& [name, pair] : numbers)
    table.add({name, number(pair.first, "%.6g"), number(pair.second, "%.6g"),
               number(pair.second - pair.first, "%+.3g")});
  if (!table.empty()) std::cout << table.text();
}

}  // namespace weft::host
