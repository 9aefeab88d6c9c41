// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/meaning.hpp"

namespace weft::host {
namespace {

/// A key that only some strategies read, and the value with which it says nothing.
struct StrategyKey {
  const char* key;
  double silent;
  const char* strategies;  ///< those that read it, in the words of the problem
  bool is_of_beam, is_of_sample;
};

constexpr StrategyKey k_keys[] = {
    {"num_beams", 4, "beam", true, false},
    {"temperature", 1, "sample", false, true},
    {"top_k", 0, "sample", false, true},
    {"top_p", 1, "sample", false, true},
    {"min_p", 0, "sample", false, true},
    {"seed", 0, "sample", false, true},
    {"best_of", 1, "sample", false, true},
    {"num_return_sequences", 1, "beam or sample", true, true},
    {"length_penalty", 1, "beam or sample", true, true},
};

double number_at(const Value& entry, const char* key) {
  return section(entry, key).number();
}

}  // namespace

void check_generation(const Value& entry, const std::string& pointer,
                      std::vector<std::string>& nodes, Findings& findings) {
  const auto problem = [&](const char* key, const std::string& text) {
    if (const Value* value = entry.find(key))
      findings.add(value->origin, child(pointer, key), text);
  };
  const Value& named = section(entry, "strategy");
  const std::string strategy = named.text() ? *named.text() : "";
  const bool is_beam = strategy == "beam", is_sample = strategy == "sample";
  for (const StrategyKey& one : k_keys)
    if (strategy == "greedy" || is_beam || is_sample)
      if (section(entry, one.key).is_number() && number_at(entry, one.key) != one.silent &&
          !(is_beam && one.is_of_beam) && !(is_sample && one.is_of_sample))
        problem(one.key, concat("strategy \"", strategy, "\" does not read it. Set strategy to ",
                                one.strategies, ", or leave it out."));
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
  if (const Value* node = entry.find("node"); node != nullptr && node->text() != nullptr) {
    if (std::ranges::find(nodes, *node->text()) != nodes.end())
      problem("node",
              concat("\"", *node->text(), "\" has an entry before. A decoder writes once."));
    nodes.push_back(*node->text());
  }
}

}  // namespace weft::host
