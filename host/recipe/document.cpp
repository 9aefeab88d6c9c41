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
    auto recipe = parse_json(read.text, file, findings_);
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
  std::vector<std::string> names_;   // as messages show them, the user's file first
  std::vector<FileIdentity> files_;  // the same
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
  if (!replace_variables(*recipe, /*expect_all_used=*/!changed, findings))
    findings.require_none(path);
  return std::move(*recipe);
}

void merge(Value& base, Value over, const std::string& pointer, Findings& findings) {
  base.origin = over.origin;
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
    } else if (known && known->object() && member.value.object()) {
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
