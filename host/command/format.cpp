// SPDX-License-Identifier: Apache-2.0
/// `weft format FILE… [--check]` and `weft migrate FILE… [--stdout]`: recipes as texts.

#include <iostream>
#include <memory>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/format.hpp"
#include "host/command/options.hpp"
#include "host/command/rewrite.hpp"
#include "host/recipe/document.hpp"
#include "host/recipe/findings.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/source_text.hpp"

namespace weft::host {
namespace {

/// @throws RecipeError if the text is no JSON, comments aside
Value parsed(const std::string& path, const std::string& text) {
  Findings findings;
  auto value =
      parse_json(text, std::make_shared<const std::string>(path), findings, Comments::passed_over);
  if (!value) findings.require_none(path);
  return std::move(*value);
}

bool is_format_1(const Value& recipe) {
  const Value* format = recipe.find("recipe");
  return format != nullptr && format->integer() != nullptr && *format->integer() == 1;
}

}  // namespace

void format(const Options& options) {
  std::vector<std::string> others;
  for (const std::string& path : options.operands) {
    const std::string text = recipe_text(path);
    parsed(path, text);
    const std::string canonical = formatted(read_source(text));
    if (canonical == text) continue;
    if (options.check)
      others.push_back(path);
    else
      rewrite(path, canonical);
  }
  if (!others.empty())
    throw Error(Exit::failed, concat("not in the canonical form: ", enumerate(others),
                                     ". `weft format` without --check writes it."));
}

void migrate_recipes(const Options& options) {
  for (const std::string& path : options.operands) {
    const std::string text = recipe_text(path);
    const Value value = parsed(path, text);
    const std::optional<Value> base = extended_by(path, value);
    const bool is_old = is_format_1(value) || (value.find("format") == nullptr && base);
    SourceValue source = read_source(text);
    if (is_old) migrate(source, value, base ? &*base : nullptr);
    const std::string now = formatted(source);
    if (options.to_stdout)
      std::cout << now;
    else if (is_old && now != text)
      rewrite(path, now);
    if (!is_old) std::cerr << printable(path) << ": is of format 2 already.\n";
  }
}

}  // namespace weft::host
