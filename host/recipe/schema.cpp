// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/schema.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "host/recipe/findings.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/walker.hpp"

namespace weft::host {

std::string validate(const std::string& schema_text, const std::string& value_text,
                     const Locate& locate, const std::string& base_pointer,
                     std::vector<Problem>& problems) {
  const auto report_at = [&](PlaceOf of) {
    return [&, of](const Value& /*value*/, const std::string& pointer, const std::string& text) {
      Problem problem = locate(pointer, of);
      problem.pointer = pointer;
      problem.text = text;
      problems.push_back(std::move(problem));
    };
  };
  Findings in_schema, in_value;
  const auto schema = parse_json(schema_text, std::make_shared<std::string>("schema"), in_schema);
  if (!schema)
    throw Error(Exit::plugin,
                "the schema itself is wrong: " + in_schema.problems().front().sentence());
  auto value = parse_json(value_text, std::make_shared<std::string>(), in_value);
  if (!value) {
    report_at(PlaceOf::value)({}, base_pointer, in_value.problems().front().text);
    return "";
  }
  WalkHooks hooks;
  hooks.report = report_at(PlaceOf::value);
  hooks.unknown_key = report_at(PlaceOf::key);
  hooks.is_full = [&] { return problems.size() >= k_most_problems; };
  walk(*schema, *schema, *value, base_pointer, hooks);
  return compact(*value);
}

}  // namespace weft::host
