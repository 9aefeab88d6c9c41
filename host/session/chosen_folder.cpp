// SPDX-License-Identifier: Apache-2.0
#include "host/session/chosen_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <vector>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

/// "20261128-0741-3fa9c1"
std::string ending(const Recipe& recipe) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y%m%d-%H%M-", &parts);
  std::snprintf(text + length, sizeof text - length, "%06x",
                static_cast<unsigned>(stable_hash(recipe.resolved) & 0xffffffu));
  return text;
}

/// Whether the text is such an ending.
bool is_ending(const std::string& text) {
  constexpr std::string_view k_form = "dddddddd-dddd-xxxxxx";
  if (text.size() != k_form.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool hexadecimal = digit || (text[i] >= 'a' && text[i] <= 'f');
    if (k_form[i] == '-' ? text[i] != '-' : k_form[i] == 'd' ? !digit : !hexadecimal) return false;
  }
  return true;
}

std::string written_last(const std::string& first) {
  const std::string name = fs::path(first).filename();
  std::string newest = first;
  fs::file_time_type time = fs::file_time_type::min();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::path(first).parent_path(), ignored)) {
    const std::string file = entry.path().filename();
    const bool is_ours =
        file == name || (file.starts_with(name + "-") && is_ending(file.substr(name.size() + 1)));
    if (!is_ours || !holds_run(entry.path())) continue;
    const fs::file_time_type written = fs::last_write_time(entry.path() / "recipe.json", ignored);
    if (written > time) {
      time = written;
      newest = entry.path();
    }
  }
  return newest;
}

}  // namespace

std::string chosen_folder(const Recipe& recipe, RunFolder::Mode mode, Observer& observer) {
  const std::string first = "runs/" + recipe.name;
  if (mode != RunFolder::Mode::create) return written_last(first);
  if (!holds_run(first)) return first;
  const std::string dated = concat(first, "-", ending(recipe));
  observer.note(concat(first, " holds a run already, so this one is written to ", dated,
                       ". --resume goes on with the newest, --overwrite replaces it."));
  return dated;
}

}  // namespace weft::host
