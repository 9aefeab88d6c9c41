// SPDX-License-Identifier: Apache-2.0
/// Reads one recipe a line and answers, a line each, "good" or the first thing that the host's
/// schema check says. schema_agreement.py compares the answers with those of a reference
/// implementation.

#include <iostream>
#include <memory>
#include <string>

#include "host/recipe/parse.hpp"
#include "host/recipe/schema.hpp"
#include "host/recipe/walker.hpp"

int main() {
  using namespace weft::host;
  const auto name = std::make_shared<const std::string>("stdin");
  Findings findings;
  const auto schema = parse_json(recipe_schema(), name, findings);
  if (!schema) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    Findings wrong;
    auto recipe = parse_json(line, name, wrong);
    WalkHooks hooks;
    hooks.report = [&](const Value& value, const std::string& pointer, const std::string& text) {
      wrong.add(value.origin, pointer, text);
    };
    if (recipe) walk(*schema, resolve_reference(*schema, "#/$defs/recipe"), *recipe, "", hooks);
    std::cout << (wrong.problems().empty() ? "good" : wrong.problems().front().sentence()) << '\n';
  }
  return 0;
}
