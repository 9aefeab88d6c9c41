// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/generation_plan.hpp"
#include "host/recipe/meaning.hpp"

namespace weft::host {
namespace {

/// Keywords of JSON Schema that XGrammar passes over without a word.
constexpr std::string_view k_unread[] = {
    "not",      "if",          "then",        "else",       "dependentRequired", "dependentSchemas",
    "contains", "minContains", "maxContains", "uniqueItems"};

/// The values of "format" that it knows; it passes over others.
constexpr std::string_view k_formats[] = {"date",         "date-time",    "duration",
                                          "email",        "hostname",     "ipv4",
                                          "ipv6",         "json-pointer", "relative-json-pointer",
                                          "time",         "uri",          "uri-reference",
                                          "uri-template", "uuid"};

/// @param schema  where a schema may stand: also a map of names to schemas, or a list of them
/// @param is_map  whether its keys are names and no keywords
void check_keywords(const Value& schema, const std::string& pointer, bool is_map,
                    Findings& findings) {
  for (std::size_t i = 0; i < schema.items().size(); ++i)
    check_keywords(schema.items()[i], child(pointer, i), false, findings);
  for (const Member& member : schema.members()) {
    const std::string at = child(pointer, member.key);
    if (!is_map && (member.key == "enum" || member.key == "const" || member.key == "default" ||
                    member.key == "examples"))
      continue;  // values, which may look like schemas
    if (!is_map && std::ranges::find(k_unread, member.key) != std::end(k_unread))
      findings.add(member.value.origin, at,
                   concat("no text is kept to \"", member.key,
                          "\" while it is written. Leave it out, or say it in other keywords."));
    const std::string* format = member.key == "format" ? member.value.text() : nullptr;
    if (!is_map && format != nullptr &&
        std::ranges::find(k_formats, *format) == std::end(k_formats))
      findings.add(
          member.value.origin, at,
          concat("expected one of ", enumerate({std::begin(k_formats), std::end(k_formats)}),
                 ", found \"", *format, "\". Write a \"pattern\" instead."));
    const bool holds_names = member.key == "properties" || member.key == "patternProperties" ||
                             member.key == "$defs" || member.key == "definitions";
    check_keywords(member.value, at, !is_map && holds_names, findings);
  }
}

/// One key says what texts may be, and it can be used.
void check_constraint(const Value& entry, const std::string& pointer, Findings& findings) {
  const Value* constrain = entry.find("constrain");
  if (constrain == nullptr || constrain->object() == nullptr) return;
  if (constrain->members().size() != 1)
    findings.add(constrain->origin, pointer,
                 concat("expected one of \"regex\", \"json_schema\", \"grammar\" and \"choices\", "
                        "found ",
                        constrain->members().size(), " of them."));
  if (const Value* schema = constrain->find("json_schema"))
    check_keywords(*schema, child(pointer, "json_schema"), false, findings);
  if (!section(entry, "stop").items().empty())
    findings.add(constrain->origin, pointer,
                 "it says itself where a text ends. Remove \"stop\" beside it.");
}

double number_at(const Value& entry, const char* key) {
  return section(entry, key).number();
}

std::vector<std::string> words_of(const Value& list) {
  std::vector<std::string> words;
  for (const Value& word : list.items())
    if (word.text() != nullptr) words.push_back(*word.text());
  return words;
}

/// A key that the strategy does not read is left out, or has the value that says nothing.
void check_strategy(const Value& entry, const std::string& pointer, const Value& keys,
                    const std::string& strategy, Findings& findings) {
  const std::vector<std::string> known = words_of(section(section(keys, "strategy"), "enum"));
  if (std::ranges::find(known, strategy) == known.end()) return;  // the schema has said so
  for (const Member& key : keys.members()) {
    const std::vector<std::string> readers = words_of(section(key.value, "x-strategies"));
    const Value* given = entry.find(key.key);
    if (readers.empty() || given == nullptr || !given->is_number() ||
        std::ranges::find(readers, strategy) != readers.end() ||
        given->number() == section(key.value, "default").number())
      continue;
    std::string others = readers.front();
    for (std::size_t i = 1; i < readers.size(); ++i) others += " or " + readers[i];
    findings.add(given->origin, child(pointer, key.key),
                 concat("strategy \"", strategy, "\" does not read it. Set strategy to ", others,
                        ", or leave it out."));
  }
}

}  // namespace

const char* name_of(ConstraintPlan::Kind kind) {
  switch (kind) {
    case ConstraintPlan::Kind::regex: return "regex";
    case ConstraintPlan::Kind::json_schema: return "json_schema";
    case ConstraintPlan::Kind::grammar: return "grammar";
    case ConstraintPlan::Kind::choices: return "choices";
    case ConstraintPlan::Kind::none: break;
  }
  return "";
}

void check_generation(const Value& entry, const std::string& pointer, const Value& keys,
                      std::vector<std::string>& nodes, Findings& findings) {
  const auto problem = [&](const char* key, const std::string& text) {
    if (const Value* value = entry.find(key))
      findings.add(value->origin, child(pointer, key), text);
  };
  const std::string* const strategy = section(entry, "strategy").text();
  const bool is_beam = strategy != nullptr && *strategy == "beam";
  const bool is_sample = strategy != nullptr && *strategy == "sample";
  if (strategy != nullptr) check_strategy(entry, pointer, keys, *strategy, findings);
  const double returned = number_at(entry, "num_return_sequences");
  if (is_beam && returned > number_at(entry, "num_beams"))
    problem("num_return_sequences",
            concat("expected at most num_beams, ", number_at(entry, "num_beams"), ", found ",
                   returned, "."));
  if (is_sample && number_at(entry, "best_of") > 1 && returned > number_at(entry, "best_of"))
    problem("num_return_sequences", concat("expected at most best_of, ",
                                           number_at(entry, "best_of"), ", found ", returned, "."));
  if (number_at(entry, "min_length") > number_at(entry, "max_length"))
    problem("min_length", concat("expected at most max_length, ", number_at(entry, "max_length"),
                                 ", found ", number_at(entry, "min_length"), "."));
  if (section(entry, "top_p").is_number() && number_at(entry, "top_p") == 0.0)
    problem("top_p", "expected a number above 0 and at most 1, found 0.");
  for (const Value& text : section(entry, "stop").items())
    if (text.text() != nullptr && text.text()->empty())
      problem("stop", "an empty text would end every text at once. Remove it.");
  check_constraint(entry, child(pointer, "constrain"), findings);
  const Value& draft = section(entry, "draft");
  if (is_beam && draft.object() != nullptr)
    problem("draft",
            "strategy \"beam\" does not read it. Set strategy to greedy or sample, or leave "
            "it out.");
  if (const std::string* ahead = section(draft, "node").text();
      ahead != nullptr && section(entry, "node").text() != nullptr &&
      *ahead == *section(entry, "node").text())
    problem("draft", "a decoder's draft is another one. Name a smaller one.");
  if (const Value* node = entry.find("node"); node != nullptr && node->text() != nullptr) {
    if (std::ranges::find(nodes, *node->text()) != nodes.end())
      problem("node",
              concat("\"", *node->text(), "\" has an entry before. A decoder writes once."));
    nodes.push_back(*node->text());
  }
}

}  // namespace weft::host
