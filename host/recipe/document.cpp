// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/document.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/format_1.hpp"
#include "host/recipe/inherit.hpp"
#include "host/recipe/override.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/path.hpp"
#include "host/recipe/shorthand.hpp"
#include "host/recipe/variables.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{8} << 20;
constexpr std::size_t k_max_extends = 8;

/// Which file it is, by whatever name.
using FileIdentity = std::pair<dev_t, ino_t>;

/// A file's text, one byte more than allowed at most, or why it cannot be read.
struct FileText {
  std::string text;
  std::string problem;  ///< empty if it was read
  FileIdentity identity{};
};

FileText cannot(const std::string& problem) {
  return {"", problem, {}};
}

/// Nothing here waits: a pipe without a writer or a kernel's log would do so forever.
FileText read_file(const std::string& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (number < 0) return cannot(std::strerror(errno));
  const std::unique_ptr<const int, void (*)(const int*)> file(&number,
                                                              [](const int* it) { ::close(*it); });
  struct stat about {};
  if (::fstat(number, &about) != 0) return cannot(std::strerror(errno));
  if (S_ISDIR(about.st_mode)) return cannot(std::strerror(EISDIR));
  if (!S_ISREG(about.st_mode)) return cannot("it is a pipe, socket or device, not a file");
  FileText result{"", "", {about.st_dev, about.st_ino}};
  std::array<char, 65536> block;
  while (result.text.size() <= k_max_bytes) {
    const ssize_t got = ::read(number, block.data(), block.size());
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return cannot(std::strerror(errno));
    if (got > 0) result.text.append(block.data(), static_cast<std::size_t>(got));
  }
  return result;
}

/// Reads a recipe and, before it, those that it extends.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  /// Nothing if a file is unusable; the findings say why.
  std::optional<Value> read(const std::string& path, const Origin& asked_by) {
    const FileText read = read_file(path);
    if (!read.problem.empty()) return cannot_read(path, asked_by, read.problem);
    const auto known = std::find(files_.begin(), files_.end(), read.identity);
    if (known != files_.end()) {
      findings_.add(asked_by, "/extends", loop(known - files_.begin()));
      return std::nullopt;
    }
    names_.push_back(path);
    files_.push_back(read.identity);
    const auto file = std::make_shared<const std::string>(path);
    if (read.text.size() > k_max_bytes) {
      findings_.add({file, 0}, "", "the file is larger than 8 MiB. Move data out of the recipe.");
      return std::nullopt;
    }
    auto recipe = parse_json(read.text, file, findings_, Comments::passed_over);
    if (!recipe) return std::nullopt;
    if (recipe->object() == nullptr) {
      findings_.add(recipe->origin, "", concat("expected an object, found ", found(*recipe), "."));
      return std::nullopt;
    }
    if (recipe->find("extends") != nullptr) return extend(std::move(*recipe));
    is_format_1_ = says_format_1(*recipe);
    if (is_format_1_) upgrade(*recipe, k_recipe_area, nullptr);
    return recipe;
  }

  bool extended() const { return names_.size() > 1; }
  /// Of the file that was asked for; one that does not say is of the format that it extends.
  bool is_format_1() const { return is_format_1_; }
  /// Of the first file of format 1.
  const std::optional<Problem>& warning() const { return warning_; }

 private:
  bool says_format_1(const Value& recipe) {
    const Value* format = recipe.find("recipe");
    if (format == nullptr || format->integer() == nullptr || *format->integer() != 1) return false;
    if (!warning_)
      warning_ = {*format->origin.file, format->origin.line, "/recipe",
                  concat("this recipe is of format 1, whose keys have other names by now. `weft "
                         "migrate ",
                         *format->origin.file, "` writes it anew."),
                  format->origin.column};
    return true;
  }

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
    if (const std::string text = refuse_path(*extends.text()); !text.empty()) return refuse(text);

    const std::filesystem::path folder = std::filesystem::path(names_.back()).parent_path();
    const std::string path = (folder / *extends.text()).lexically_normal().string();
    if (names_.size() > k_max_extends)
      return refuse(concat("recipes extend one another more than ", k_max_extends,
                           " deep. Merge some of them."));
    auto base = read(path, extends.origin);
    if (!base) return base;
    if (recipe.find("format") != nullptr || recipe.find("recipe") != nullptr)
      is_format_1_ = says_format_1(recipe);
    if (is_format_1_) upgrade(recipe, k_recipe_area, &*base);
    merge(*base, std::move(recipe), "", findings_);
    return base;
  }

  /// REQUIRES: the newest file extends the one at `first`.
  std::string loop(std::ptrdiff_t first) const {
    std::string text = "recipes extend one another in a loop: ";
    for (auto name = names_.begin() + first; name != names_.end(); ++name) text += *name + " -> ";
    return text + *(names_.begin() + first) + ". Remove one \"extends\".";
  }

  Findings& findings_;
  std::vector<std::string> names_;   // as messages show them, the user's file first
  std::vector<FileIdentity> files_;  // the same
  bool is_format_1_ = false;
  std::optional<Problem> warning_;
};

/// "/graph/NAME", "/losses/NAME" or "/metrics/NAME".
bool is_node(const std::string& pointer) {
  const std::vector<std::string> keys = segments(pointer);
  return keys.size() == 2 && (keys[0] == "graph" || keys[0] == "losses" || keys[0] == "metrics");
}

/// Lays an object of stages by name upon the list of them; a new name goes last.
void merge_stages(Value& stages, Value over, Findings& findings) {
  for (Member& member : *over.object()) {
    const std::string place = child("/stages", member.key);
    Value::List& list = *stages.list();
    const auto known = std::ranges::find_if(list, [&](const Value& stage) {
      const Value* name = stage.find("name");
      return name != nullptr && name->text() != nullptr && *name->text() == member.key;
    });
    if (known != list.end() && member.value.is_null()) {
      list.erase(known);
    } else if (known != list.end() && member.value.object() != nullptr) {
      merge(*known, std::move(member.value), place, findings);
    } else if (member.value.object() != nullptr) {
      if (member.value.find("name") == nullptr)
        member.value.object()->insert(member.value.object()->begin(),
                                      {"name", {member.key, member.value.origin}});
      list.push_back(std::move(member.value));
    } else {
      std::vector<std::string> names;
      for (const Value& stage : list)
        if (const Value* name = stage.find("name"); name && name->text())
          names.push_back(*name->text());
      findings.add(member.value.origin, place,
                   member.value.is_null()
                       ? concat("nothing to remove: the extended recipe has no such stage.",
                                suggestion(member.key, names))
                       : concat("expected an object or null, found ", found(member.value), "."));
    }
  }
}

}  // namespace

bool is_other_part(const Value* before, const Value* now) {
  if (before == nullptr || now == nullptr || !before->text() || !now->text()) return false;
  const auto id = [](const std::string& use) { return use.substr(0, use.find('@')); };
  return id(*before->text()) != id(*now->text());
}

void leave_over_config(Value& node) {
  Value* config = node.find("config");
  if (config == nullptr || config->object() == nullptr) return;
  for (Member& member : *config->object()) member.value.left_over = true;
}

Document read_document(const std::string& path, const std::vector<std::string>& overrides,
                       Findings& findings) {
  Reader reader(findings);
  auto recipe = reader.read(path, {});
  if (!recipe) findings.require_none(path);
  // Extending or overriding may replace what used a variable of the original file.
  const bool changed = !overrides.empty() || reader.extended();
  write_out_short_forms(*recipe, nullptr);  // so that overrides reach into them
  for (const std::string& override : overrides)
    apply_override(override, *recipe, findings, reader.is_format_1());
  if (!replace_variables(*recipe, /*expect_all_used=*/!changed, findings) ||
      !inherit(*recipe, findings))
    findings.require_none(path);
  write_out_short_forms(*recipe, &findings);
  return {std::move(*recipe), reader.warning(), changed};
}

std::string recipe_text(const std::string& path) {
  FileText read = read_file(path);
  if (!read.problem.empty())
    throw Error(Exit::no_input,
                concat("cannot read \"", path, "\": ", read.problem, ". Check the path."));
  if (read.text.size() > k_max_bytes)
    throw Error(Exit::bad_recipe,
                concat("\"", path, "\" is larger than 8 MiB. Move data out of the recipe."));
  return std::move(read.text);
}

std::optional<Value> extended_by(const std::string& path, const Value& recipe) {
  const Value* extends = recipe.find("extends");
  if (extends == nullptr || extends->text() == nullptr) return std::nullopt;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  Findings findings;
  auto base = Reader(findings).read((folder / *extends->text()).lexically_normal().string(), {});
  if (!base) findings.require_none(path);
  return base;
}

void merge(Value& base, Value over, const std::string& pointer, Findings& findings) {
  base.origin = over.origin;
  if (is_node(pointer) && is_other_part(base.find("use"), over.find("use")))
    leave_over_config(base);
  std::unordered_map<std::string, std::size_t> places;  // objects may be wide
  for (std::size_t i = 0; i < base.object()->size(); ++i) places[(*base.object())[i].key] = i;
  std::set<std::size_t> removed;
  for (Member& member : *over.object()) {
    const std::string place = child(pointer, member.key);
    const auto at = places.find(member.key);
    Value* known = at == places.end() ? nullptr : &(*base.object())[at->second].value;
    if (member.value.is_null()) {
      if (known == nullptr)
        findings.add(member.value.origin, place,
                     findings.all().is_full()
                         ? ""
                         : "nothing to remove: the extended recipe has no such key." +
                               suggestion(member.key, keys(base)));
      if (known != nullptr) removed.insert(at->second);
    } else if (known && place == "/stages" && known->list() && member.value.object()) {
      merge_stages(*known, std::move(member.value), findings);
    } else if (known && known->object() && member.value.object()) {
      known->left_over = false;
      merge(*known, std::move(member.value), place, findings);
    } else if (known) {
      *known = std::move(member.value);
    } else {
      base.object()->push_back(std::move(member));
    }
  }
  std::size_t index = 0;
  std::erase_if(*base.object(), [&](const Member&) { return removed.contains(index++); });
}

}  // namespace weft::host
