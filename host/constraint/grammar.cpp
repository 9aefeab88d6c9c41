// SPDX-License-Identifier: Apache-2.0
#include "host/constraint/grammar.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/constraint/constraint.hpp"

namespace {

/// What XGrammar warned of since the last grammar was begun; a thread reads one at a time.
thread_local std::vector<std::string> warnings;  // NOLINT: its messages have no other way out

constexpr int k_warning = 2;  // XGRAMMAR_LOG_LEVEL_WARNING

}  // namespace

// XGrammar built with XGRAMMAR_LOG_CUSTOMIZE calls these (cpp/support/logging.h).
namespace xgrammar {

[[noreturn]] void LogFatalImpl(const std::string& file, int line, const std::string& message);
void LogMessageImpl(const std::string& file, int line, int level, const std::string& message);

void LogFatalImpl(const std::string& /*file*/, int /*line*/, const std::string& message) {
  throw std::runtime_error(message);
}

void LogMessageImpl(const std::string& /*file*/, int /*line*/, int level,
                    const std::string& message) {
  if (level == k_warning) warnings.push_back(message);
}

}  // namespace xgrammar

namespace weft::host {
namespace {

/// Compiling takes time and memory in proportion to what repetitions write out.
constexpr std::size_t k_longest = std::size_t{64} << 10;

/// A text as a literal of XGrammar's EBNF.
std::string literal(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      quoted += escape;
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string one_of(const std::vector<std::string>& choices) {
  std::string grammar = "root ::= ";
  for (std::size_t i = 0; i < choices.size(); ++i)
    grammar += (i == 0 ? "" : " | ") + literal(choices[i]);
  return grammar;
}

xgrammar::Grammar read(const ConstraintPlan& plan) {
  using Kind = ConstraintPlan::Kind;
  using xgrammar::Grammar;
  switch (plan.kind) {
    case Kind::regex: return Grammar::FromRegex(plan.text);
    case Kind::json_schema:
      // One white space at most between the parts of the JSON: texts of a bounded schema are
      // bounded, whether their writer puts a space behind commas or not.
      return Grammar::FromJSONSchema(plan.text, /*any_whitespace=*/true, std::nullopt, std::nullopt,
                                     /*strict_mode=*/true, /*max_whitespace_cnt=*/1);
    case Kind::grammar: return Grammar::FromEBNF(plan.text);
    case Kind::choices: return Grammar::FromEBNF(one_of(plan.choices));
    case Kind::none: break;
  }
  throw std::runtime_error("there is none");
}

/// XGrammar's words as the middle of a sentence: "Check failed: (x) is false: words." → "words".
std::string plain(std::string message) {
  constexpr std::string_view k_check = " is false: ";
  if (const std::size_t at = message.find(k_check);
      message.find("heck failed") != std::string::npos && at != std::string::npos)
    message.erase(0, at + k_check.size());
  while (message.ends_with('.') || message.ends_with('\n') || message.ends_with(' '))
    message.pop_back();
  return message;
}

}  // namespace

xgrammar::Grammar grammar_of(const ConstraintPlan& plan) {
  std::size_t size = plan.text.size();
  for (const std::string& choice : plan.choices) size += choice.size();
  if (size > k_longest)
    throw Error(Exit::bad_recipe,
                concat("it has ", size, " bytes; at most ", k_longest, " are read."));
  warnings.clear();
  try {
    xgrammar::Grammar grammar = read(plan);
    if (warnings.empty()) return grammar;
  } catch (const std::exception& error) {
    throw Error(Exit::bad_recipe, concat("XGrammar cannot read it: ", plain(error.what()), "."));
  }
  throw Error(
      Exit::bad_recipe,
      concat("XGrammar would not keep all of it: ", plain(warnings.front()), ". Leave this out."));
}

std::optional<std::string> constraint_problem(const ConstraintPlan& plan) {
  try {
    if (plan.kind != ConstraintPlan::Kind::none) grammar_of(plan);
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace weft::host
