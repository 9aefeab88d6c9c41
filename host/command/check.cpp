// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/diagnostics.hpp"
#include "host/command/ending.hpp"
#include "host/command/format.hpp"
#include "host/command/inspected.hpp"
#include "host/command/json_document.hpp"
#include "host/command/options.hpp"
#include "host/graph/expand.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/report/table.hpp"
#include "host/session/inspection.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_longest_recipe = std::size_t{1} << 26;

nlohmann::ordered_json diagnostics(const std::vector<Problem>& problems, const char* severity) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Problem& problem : problems) list.push_back(diagnostic(problem, severity));
  return list;
}

std::vector<Problem> problems_of(const Options& options) {
  try {
    inspect(options);
    return {};
  } catch (const RecipeError& error) {
    return error.problems();
  }
}

nlohmann::ordered_json summary(const Recipe& recipe, const Wiring& wiring,
                               const std::vector<Problem>& notes) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const Node& node : wiring.nodes())
    nodes.push_back({{"name", node.name},
                     {"part", node.instance.part().id},
                     {"version", node.instance.part().version.text()},
                     {"file", node.instance.part().file.string()},
                     {"parameters", node.is_viewed() ? 0 : parameter_count(node)}});
  nlohmann::ordered_json warnings = nlohmann::ordered_json::array();
  for (const Problem& note : notes) warnings.push_back(note.sentence());
  return {{"recipe", recipe.path},
          {"name", recipe.name},
          {"nodes", nodes},
          {"warnings", warnings},
          {"diagnostics", diagnostics(notes, "warning")}};
}

/// inspect(), or with --json what is wrong as one document before it is thrown on.
Inspected inspect_aloud(const Options& options) {
  try {
    return inspect(options);
  } catch (const RecipeError& error) {
    if (!options.json) throw;
    const auto whole =
        nlohmann::ordered_json::parse(json_text({error.exit(), error.what(), error.problems()}));
    std::cout << document_text({{"recipe", options.operands[0]},
                                {"diagnostics", diagnostics(error.problems(), "error")},
                                {"error", whole.at("error")}});
    throw;
  }
}

/// Writes into the recipe's files what is certain, as often as that mends anything: a name may
/// hide another's problem. A round that makes nothing better is taken back.
void fix_files(const Options& options) {
  constexpr int k_rounds = 8;
  std::vector<Problem> problems = problems_of(options);
  for (int round = 0; round < k_rounds && !problems.empty(); ++round) {
    std::vector<SpellingFix> fixes;
    std::map<std::string, std::string> before;
    for (const Problem& problem : problems)
      if (const auto fix = certain_fix(problem)) {
        before.emplace(fix->file, read_text(fix->file, k_longest_recipe));
        fixes.push_back(*fix);
      }
    if (fixes.empty()) break;
    apply(fixes);
    std::vector<Problem> left = problems_of(options);
    if (left.size() >= problems.size()) {
      for (const auto& [file, text] : before) write_text(file, text);
      break;
    }
    for (const SpellingFix& fix : fixes)
      std::cerr << printable(concat("fixed: ", fix.file, ":", fix.line, ": \"", fix.word,
                                    "\" is \"", fix.now, "\" now"))
                << "\n";
    problems = std::move(left);
  }
  if (problems.empty() && inspect(options).recipe.is_format_1) {
    Options renamed;
    renamed.operands = {options.operands[0]};
    migrate_recipes(renamed);
    std::cerr << "fixed: " << printable(options.operands[0]) << ": has the keys of format 2 now\n";
  }
}

/// Whose parameters a view's node has.
std::string weights_in_words(const WeightSet& set) {
  switch (set.kind) {
    case WeightSet::Kind::frozen: return "frozen";
    case WeightSet::Kind::ema: return "averaged";
    case WeightSet::Kind::run: return "another run's";
    case WeightSet::Kind::live: break;
  }
  return "the same";
}

}  // namespace

void check(const Options& options) {
  if (options.fix) fix_files(options);
  const Inspected found = inspect_aloud(options);
  const Recipe& recipe = found.recipe;
  const Wiring& wiring = *found.wiring;
  std::vector<Problem> notes = wiring.notes();
  notes.insert(notes.end(), found.notes.begin(), found.notes.end());
  for (Problem& problem : memory_problems(recipe, wiring.nodes(), found.fields, machine_memory()))
    notes.push_back(std::move(problem));
  if (options.expand) {
    for (const Problem& note : notes) std::cerr << "warning: " << note.sentence() << "\n";
    std::cout << pretty(expanded(recipe, wiring));
    return;
  }
  if (options.json) {
    std::cout << document_text(summary(recipe, wiring, notes));
    return;
  }
  for (const Problem& note : notes) std::cerr << "warning: " << note.sentence() << "\n";
  Table table({"node", "part", "version", "parameters"});
  std::int64_t total = 0;
  for (const Node& node : wiring.nodes()) {
    if (!node.is_viewed() && __builtin_add_overflow(total, parameter_count(node), &total))
      total = std::numeric_limits<std::int64_t>::max();
    table.add({node.name, node.instance.part().id, node.instance.part().version.text(),
               node.is_viewed() ? weights_in_words(wiring.weights()[node.weights])
                                : std::to_string(parameter_count(node))});
  }
  table.add({"total", "", "", std::to_string(total)});
  std::cout << table.text() << printable(recipe.path) << " is sound.\n";
}

}  // namespace weft::host
