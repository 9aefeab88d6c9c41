// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/document.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/override.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/path.hpp"
#include "host/recipe/variables.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{8} << 20;
constexpr std::size_t k_max_extends = 8;

/// A file's text, one byte more than allowed at most; nothing, with `errno` set, if it cannot be
/// read.
std::optional<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 65536> block;
  while (text.size() <= k_max_bytes) {
    const std::size_t got = std::fread(block.data(), 1, block.size(), file.get());
    if (got == 0) break;
    text.append(block.data(), got);
  }
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return text;
}

/// Reads a recipe and, before it, those that it extends.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  /// Nothing if a file is unusable; the findings say why.
  std::optional<Value> read(const std::string& path, const Origin& asked_by) {
    const auto text = read_file(path);
    if (!text) return cannot_read(path, asked_by, std::strerror(errno));
    names_.push_back(path);
    files_.push_back(std::filesystem::weakly_canonical(path));
    const auto file = std::make_shared<const std::string>(path);
    if (text->size() > k_max_bytes) {
      findings_.add({file, 0}, "", "the file is larger than 8 MiB. Move data out of the recipe.");
      return std::nullopt;
    }
    auto recipe = parse_json(*text, file, findings_);
    if (!recipe) return std::nullopt;
    if (recipe->object() == nullptr) {
      findings_.add(recipe->origin, "", concat("expected an object, found ", found(*recipe), "."));
      return std::nullopt;
    }
    if (recipe->find("extends") == nullptr) return recipe;
    return extend(std::move(*recipe));
  }

  bool extended() const { return names_.size() > 1; }

 private:
  std::optional<Value> cannot_read(const std::string& path, const Origin& asked_by,
                                   const std::string& reason) {
    const std::string text = concat("cannot read \"", path, "\": ", reason, ". Check the path.");
    if (names_.empty()) throw Error(Exit::no_input, text);
    findings_.add(asked_by, "/extends", text);
    return std::nullopt;
  }

  std::optional<Value> extend(Value recipe) {
    const Value extends = *recipe.find("extends");
    recipe.erase("extends");
    const auto refuse = [&](const std::string& text) {
      findings_.add(extends.origin, "/extends", text);
      return std::nullopt;
    };
    if (extends.text() == nullptr || extends.text()->empty())
      return refuse(concat("expected the path of a recipe, found ", found(extends), "."));
    if (const std::string text = refuse_url(*extends.text()); !text.empty()) return refuse(text);

    const std::filesystem::path folder = std::filesystem::path(names_.back()).parent_path();
    const std::string path = (folder / *extends.text()).lexically_normal().string();
    const auto known =
        std::find(files_.begin(), files_.end(), std::filesystem::weakly_canonical(path));
    if (known != files_.end()) return refuse(loop(known - files_.begin()));
    if (names_.size() > k_max_extends)
      return refuse(concat("recipes extend one another more than ", k_max_extends,
                           " deep. Merge some of them."));
    auto base = read(path, extends.origin);
    if (base) merge(*base, std::move(recipe), "", findings_);
    return base;
  }

  /// REQUIRES: the newest file extends the one at `first`.
  std::string loop(std::ptrdiff_t first) const {
    std::string text = "recipes extend one another in a loop: ";
    for (auto name = names_.begin() + first; name != names_.end(); ++name) text += *name + " -> ";
    return text + *(names_.begin() + first) + ". Remove one \"extends\".";
  }

  Findings& findings_;
  std::vector<std::string> names_;            // as messages show them, the user's file first
  std::vector<std::filesystem::path> files_;  // the same, canonical
};

}  // namespace

Value read_document(const std::string& path, const std::vector<std::string>& overrides,
                    Findings& findings) {
  Reader reader(findings);
  auto recipe = reader.read(path, {});
  if (!recipe) findings.require_none(path);
  // Extending or overriding may replace what used a variable of the original file.
  const bool changed = !overrides.empty() || reader.extended();
  for (const std::string& override : overrides) apply_override(override, *recipe, findings);
  replace_variables(*recipe, /*expect_all_used=*/!changed, findings);
  return std::move(*recipe);
}

void merge(Value& base, Value over, const std::string& pointer, Findings& findings) {
  base.origin = over.origin;
  for (Member& member : *over.object()) {
    const std::string place = child(pointer, member.key);
    Value* known = base.find(member.key);
    if (member.value.is_null()) {
      if (known == nullptr)
        findings.add(member.value.origin, place,
                     "nothing to remove: the extended recipe has no such key." +
                         suggestion(member.key, keys(base)));
      base.erase(member.key);
    } else if (known && known->object() && member.value.object()) {
      merge(*known, std::move(member.value), place, findings);
    } else {
      base.set(member.key, std::move(member.value));
    }
  }
}

}  // namespace weft::host
