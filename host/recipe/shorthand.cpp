// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/shorthand.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

const std::vector<std::string> k_splits = {"train", "val", "test"};

/// A path with a choice of splits in braces.
struct SplitPattern {
  std::string before, after;
  std::vector<std::string> splits;
};

/// Nothing if no pair of braces holds names of splits alone.
std::optional<SplitPattern> split_pattern(const std::string& path) {
  for (std::size_t open = path.find('{'); open != std::string::npos;
       open = path.find('{', open + 1)) {
    const std::size_t close = path.find('}', open);
    if (close == std::string::npos) return std::nullopt;
    SplitPattern pattern{path.substr(0, open), path.substr(close + 1), {}};
    for (std::size_t at = open + 1; at <= close;) {
      const std::size_t end = std::min(path.find(',', at), close);
      pattern.splits.push_back(path.substr(at, end - at));
      at = end + 1;
    }
    if (std::ranges::all_of(pattern.splits, [](const std::string& split) {
          return std::ranges::find(k_splits, split) != k_splits.end();
        }))
      return pattern;
  }
  return std::nullopt;
}

/// Adds the paths of one pattern to an object of lists.
bool add_paths(const Value& path, Value& shards) {
  if (path.text() == nullptr) return false;
  const auto pattern = split_pattern(*path.text());
  if (!pattern) return false;
  for (const std::string& split : pattern->splits) {
    if (shards.find(split) == nullptr) shards.set(split, {Value::List{}, path.origin});
    shards.find(split)->list()->push_back(
        {pattern->before + split + pattern->after, path.origin, path.used_at});
  }
  return true;
}

void write_out_shards(Value& section, const std::string& pointer, Findings* findings) {
  Value* shards = section.object() ? section.find("shards") : nullptr;
  if (shards == nullptr || (shards->text() == nullptr && shards->list() == nullptr)) return;
  Value whole{Value::Object{}, shards->origin, shards->used_at};
  bool is_complete = shards->text() ? add_paths(*shards, whole) : !shards->items().empty();
  for (const Value& path : shards->items()) is_complete = add_paths(path, whole) && is_complete;
  if (is_complete)
    *shards = std::move(whole);
  else if (findings != nullptr)
    findings->add(
        shards->origin, child(pointer, "shards"),
        "a path for all splits names them in braces, as in \"qa-{train,val,test}-*.tar\". "
        "Or give an object: {\"train\": [...], \"val\": [...]}.");
}

void write_out_losses(Value& stage) {
  Value* losses = stage.object() ? stage.find("losses") : nullptr;
  if (losses == nullptr || losses->list() == nullptr) return;
  Value whole{Value::Object{}, losses->origin, losses->used_at};
  for (const Value& name : losses->items()) {
    if (name.text() == nullptr || whole.find(*name.text()) != nullptr) return;
    whole.set(*name.text(), {std::int64_t{1}, name.origin, name.used_at});
  }
  *losses = std::move(whole);
}

/// "skip" as {"do": "skip"}.
void write_out_divergence(Value& stage) {
  Value* divergence = stage.object() ? stage.find("on_divergence") : nullptr;
  if (divergence == nullptr || divergence->text() == nullptr) return;
  Value whole{Value::Object{}, divergence->origin, divergence->used_at};
  whole.set("do", *divergence);
  *divergence = std::move(whole);
}

}  // namespace

void write_out_short_forms(Value& recipe, Findings* findings) {
  if (Value* data = recipe.find("data"); data != nullptr && data->object() != nullptr)
    for (Member& section : *data->object())
      write_out_shards(section.value, child("/data", section.key), findings);
  if (Value* stages = recipe.find("stages"); stages != nullptr && stages->list() != nullptr)
    for (Value& stage : *stages->list()) {
      write_out_losses(stage);
      write_out_divergence(stage);
    }
}

}  // namespace weft::host
