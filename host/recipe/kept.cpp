// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/kept.hpp"

#include <cassert>
#include <charconv>
#include <filesystem>
#include <memory>

#include "host/recipe/findings.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/path.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

Value* at(Value& root, const std::string& pointer) {
  Value* value = &root;
  for (const std::string& key : segments(pointer)) {
    std::size_t index = 0;
    std::from_chars(key.data(), key.data() + key.size(), index);
    if (Value::List* list = value->list())
      value = index < list->size() ? &list->at(index) : nullptr;
    else
      value = value->find(key);
    if (value == nullptr) break;
  }
  return value;
}

/// "./" goes before what could be read as a variable, a list or a URL.
std::string relative(const std::string& path, const fs::path& folder) {
  if (path.starts_with('@')) return "@" + relative(path.substr(1), folder);
  if (!fs::path(path).is_absolute()) return path;  // standard input, a command
  const std::string from_there = fs::path(path).lexically_relative(folder).string();
  return from_there.starts_with("..") ? from_there : "./" + from_there;
}

/// The folder that a path names whatever its patterns stand for.
bool leads_somewhere(const std::string& path) {
  if (path.starts_with('@')) return leads_somewhere(path.substr(1));
  const std::size_t pattern = path.find_first_of("*?[{");
  const fs::path fixed = pattern == std::string::npos
                             ? fs::path(path)
                             : fs::path(path.substr(0, pattern)).parent_path();
  std::error_code ignored;
  return fs::exists(fixed, ignored);
}

}  // namespace

std::string kept_text(const Recipe& recipe, const std::string& folder) {
  const fs::path from = fs::absolute(folder).lexically_normal() / "";
  Findings findings;
  auto root =
      parse_json(recipe.resolved, std::make_shared<const std::string>("resolved"), findings);
  assert(root && "a resolved recipe is JSON");
  for (const std::string& pointer : recipe.paths)
    if (Value* value = at(*root, pointer); value != nullptr && value->text() != nullptr)
      value->data = relative(*value->text(), from);
  return pretty(*root);
}

Recipe read_kept(const std::string& folder, const std::string& written_in,
                 const std::vector<std::string>& overrides) {
  const std::string file = (fs::path(folder) / "recipe.json").string();
  const auto resolve = [&](const std::string& path, const Origin& origin) {
    const std::string now = resolve_path(path, origin);
    const bool here = origin.file && *origin.file == file;
    if (!here || written_in.empty() || leads_somewhere(now)) return now;
    const auto there = std::make_shared<const std::string>(written_in + "/recipe.json");
    std::string before = resolve_path(path, {there, origin.line});
    return leads_somewhere(before) ? before : now;
  };
  Recipe recipe = read_recipe(file, overrides, resolve);
  recipe.notes.clear();  // nobody is to change what a run keeps
  return recipe;
}

}  // namespace weft::host
