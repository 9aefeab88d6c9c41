// SPDX-License-Identifier: Apache-2.0
#include "host/data/storage/shard_names.hpp"

#include <dirent.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/data_file.hpp"
#include "host/data/storage/plain_text.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_most_files = 1'000'000;
constexpr std::size_t k_most_text = std::size_t{64} << 20;  ///< of all names together
constexpr std::size_t k_most_ranges = 16;                   ///< of a command
/// What Linux opens (PATH_MAX) and starts (MAX_ARG_STRLEN) at most.
constexpr std::size_t k_longest_path = 4096, k_longest_command = std::size_t{128} << 10;
/// Names that one pattern may be compared with: links in /proc lead in circles.
constexpr std::size_t k_most_compared = 1'000'000;
constexpr std::size_t k_largest_list = std::size_t{64} << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_pattern(const std::string& text) {
  return text.find_first_of("*?[") != std::string::npos;
}

bool is_special(const std::string& text) {
  return is_pattern(text) || text.find('{') != std::string::npos;
}

/// One entry of the recipe, or one line of a list, opened out into files.
class SourceEntry {
 public:
  /// @param where  how a message begins: `/data/qa/shards/train/0`, or that and a list's line
  SourceEntry(std::string path, std::string where, std::vector<std::string>& files)
      : path_(std::move(path)), where_(std::move(where)), files_(files) {}

  void open_out() {
    require_short(k_longest_path);
    std::vector<std::string> parts;
    for (const fs::path& part : fs::path(path_).relative_path()) parts.push_back(part.string());
    descend(fs::path(path_).root_path(), parts, 0);
  }

  /// A command with each number of its ranges; other braces are the shell's.
  void open_out_command() {
    require_short(k_longest_command);
    open_out_command(path_, 0, 0);
  }

  [[noreturn]] void fail(Exit exit, const std::string& found, const std::string& remedy) const {
    throw Error(exit, concat(where_, ": ", found, ". ", remedy));
  }

  void add(const std::string& file) {
    if (files_.size() == k_most_files) {
      fail(Exit::bad_recipe, concat("it names more than ", k_most_files, " files"),
           "Name fewer and larger shards.");
    }
    text_ += file.size();
    if (text_ > k_most_text) {
      fail(Exit::bad_recipe, concat("its names have more than ", k_most_text, " bytes"),
           "Name fewer and larger shards.");
    }
    files_.push_back(file);
  }

 private:
  void require_short(std::size_t most) const {
    if (path_.size() <= most) return;
    fail(Exit::bad_recipe, concat("it has ", path_.size(), " bytes; at most ", most, " are taken"),
         "Write a shorter one.");
  }

  /// Where the first range from `begin` on stands, `{` and `}` included; empty at the end.
  static std::pair<std::size_t, std::size_t> next_range(const std::string& command,
                                                        std::size_t begin) {
    for (std::size_t open = begin; (open = command.find('{', open)) != std::string::npos; ++open) {
      const std::size_t close = command.find_first_not_of("0123456789.", open + 1);
      if (close == std::string::npos || command[close] != '}') continue;
      const std::size_t dots = command.find("..", open);
      if (dots > open + 1 && dots < close) return {open, close + 1};
    }
    return {command.size(), command.size()};
  }

  void open_out_command(const std::string& command, std::size_t begin, std::size_t ranges) {
    const std::pair<std::size_t, std::size_t> range = next_range(command, begin);
    const std::size_t open = range.first;
    const std::size_t end = range.second;
    if (open == end) return add(command);
    if (ranges == k_most_ranges) {
      fail(Exit::bad_recipe, concat("it has more than ", k_most_ranges, " ranges"),
           "Use fewer, or name several commands.");
    }
    for_each_name(command.substr(open, end - open), [&](const std::string& number) {
      open_out_command(command.substr(0, open) + number + command.substr(end), open + number.size(),
                       ranges + 1);
    });
  }

  /// Goes on from `folder` with the parts from `depth` on.
  void descend(const fs::path& folder, const std::vector<std::string>& parts, std::size_t depth) {
    if (depth == parts.size()) {
      if (!is_there(folder)) missing(folder.string());
      return add(folder.string());
    }
    const std::string& part = parts[depth];
    if (!is_special(part) || is_there(folder / part))
      return descend(folder / part, parts, depth + 1);
    for_each_name(part, [&](const std::string& name) {
      if (!is_pattern(name)) return descend(folder / name, parts, depth + 1);
      const std::size_t before = files_.size();
      for (const std::string& found : matches_in(folder, name)) {
        // Below a pattern of folders, one that lacks the rest of the path is passed over.
        if (reaches(folder / found, parts, depth + 1)) descend(folder / found, parts, depth + 1);
      }
      if (files_.size() == before) {
        fail(Exit::no_input,
             concat("the pattern ", name, " in ", folder.string(), " matches no file",
                    rest_of(parts, depth + 1)),
             "Correct the pattern, or put the shards there.");
      }
    });
  }

  [[noreturn]] void missing(const std::string& path) const {
    fail(Exit::no_input, concat("there is no ", path, ", which ", path_, " names"),
         "Correct the range, or put the file there.");
  }

  static std::string rest_of(const std::vector<std::string>& parts, std::size_t depth) {
    std::string rest;
    for (; depth < parts.size(); ++depth) rest += "/" + parts[depth];
    return rest.empty() ? "" : " with " + rest.substr(1) + " below it";
  }

  /// True when the parts from `depth` on may name something: the next one is special, or is there.
  bool reaches(const fs::path& path, const std::vector<std::string>& parts, std::size_t depth) {
    std::error_code ignored;
    if (depth == parts.size()) return !fs::is_directory(path, ignored);
    if (!is_special(parts[depth])) return is_there(path / parts[depth]);
    if (is_pattern(parts[depth])) return !matches_in(path, parts[depth]).empty();
    return fs::is_directory(path, ignored);
  }

  /// The names in a folder that match, in byte order; hidden ones only where the pattern says so.
  std::vector<std::string> matches_in(const fs::path& folder, const std::string& pattern) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (++compared_ > k_most_compared) {
        fail(Exit::bad_recipe,
             concat(path_, " looks through more than ", k_most_compared, " names"),
             "Write out the folders that hold the shards.");
      }
      const std::string name = entry.path().filename().string();
      if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD | FNM_NOESCAPE) == 0) {
        names.push_back(name);
      }
    }
    std::ranges::sort(names);
    return names;
  }

  /// Calls with every name that the ranges in `part` stand for, the leftmost changing slowest.
  void for_each_name(const std::string& part, const std::function<void(const std::string&)>& call) {
    const std::size_t open = part.find('{');
    if (open == std::string::npos) return call(part);
    const std::size_t close = part.find('}', open);
    const std::string inside =
        part.substr(open + 1, close == std::string::npos ? close : close - open - 1);
    const std::size_t dots = inside.find("..");
    const std::string first = inside.substr(0, dots);
    const std::string last = dots == std::string::npos ? "" : inside.substr(dots + 2);
    const auto number = [&](const std::string& digits) {
      std::uint32_t value = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (close == std::string::npos || error != std::errc() ||
          end != digits.data() + digits.size()) {
        fail(Exit::bad_recipe,
             concat("{", inside, close == std::string::npos ? "" : "}", " in ", path_,
                    " is no range of numbers"),
             "Write one such as {000..127}.");
      }
      return value;
    };
    const std::uint32_t from = number(first), to = number(last);
    if (from > to) {
      fail(Exit::bad_recipe, concat("the range {", inside, "} in ", path_, " is empty"),
           concat("Write the lower number first: {", last, "..", first, "}."));
    }
    if (to - from >= k_most_files) {
      fail(Exit::bad_recipe,
           concat("the range {", inside, "} in ", path_, " names more than ", k_most_files,
                  " files"),
           "Name fewer and larger shards.");
    }
    // As in a shell, a bound that begins with 0 makes all numbers as wide as the wider bound.
    const bool is_padded =
        (first.size() > 1 && first[0] == '0') || (last.size() > 1 && last[0] == '0');
    const std::size_t width = is_padded ? std::max(first.size(), last.size()) : 0;
    for (std::uint32_t i = from; i <= to; ++i) {
      std::string digits = std::to_string(i);
      if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
      for_each_name(part.substr(0, open) + digits + part.substr(close + 1), call);
    }
  }

  std::string path_, where_;
  std::vector<std::string>& files_;
  std::size_t text_ = 0, compared_ = 0;
};

std::string text_of_list(const std::string& path, const SourceEntry& entry) {
  DataFile file(path);
  std::string problem = file.problem();
  try {
    if (problem.empty()) {
      const Bytes bytes = file.read_all(k_largest_list);
      return std::string(without_mark(text_of(bytes)));
    }
  } catch (const std::invalid_argument& found) {
    problem = found.what();
  } catch (const std::exception& found) {
    problem = concat("cannot be read (", found.what(), ")");
  }
  entry.fail(Exit::no_input, concat("the list ", path, " ", problem),
             "Write a text file with one path a line, relative to the list.");
}

void open_out_list(const std::string& list, const std::string& where,
                   std::vector<std::string>& files) {
  const SourceEntry whole(list, where, files);
  const std::string text = text_of_list(list, whole);
  const fs::path folder = fs::path(list).parent_path();
  const std::size_t before = files.size();
  std::size_t begin = 0;
  for (std::size_t line = 1; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string path = text.substr(begin, end - begin);
    begin = end + 1;
    while (!path.empty() && (path.back() == '\r' || path.back() == ' ' || path.back() == '\t'))
      path.pop_back();
    if (path.empty() || path.starts_with('#')) continue;
    if (is_pipe(path)) {
      SourceEntry(path, concat(where, ", line ", line, " of ", list), files)
          .fail(Exit::bad_recipe, concat("\"", path, "\" is no file"),
                "A list names files; name commands and standard input in the recipe.");
    }
    const std::string full = (folder / path).lexically_normal().string();
    SourceEntry entry(full, concat(where, ", line ", line, " of ", list), files);
    if (path.starts_with('@')) {
      entry.fail(Exit::bad_recipe, concat("\"", path, "\" is a list in a list"),
                 "Name shards in it, and further lists in the recipe.");
    }
    if (!is_special(full) && !is_there(full)) {
      entry.fail(Exit::no_input, concat("there is no ", full),
                 "Correct the line, or put the file there. Paths are relative to the list.");
    }
    entry.open_out();
  }
  if (files.size() == before) {
    whole.fail(Exit::no_input, concat("the list ", list, " names nothing"),
               "Write one path a line into it.");
  }
}

}  // namespace

void CommandPermission::require(const std::string& entry) const {
  if (commands_ == Commands::run) return;
  throw Error(Exit::usage, concat("Data ", data_, " is read from a command: ", entry,
                                  ". If you trust it, add --allow-commands."));
}

std::vector<std::string> shard_files(const std::vector<std::string>& entries,
                                     const std::string& place) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string where = concat(place, "/", i);
    if (is_pipe(entries[i])) {
      SourceEntry(entries[i], where, files).open_out_command();
    } else if (entries[i].starts_with('@')) {
      open_out_list(entries[i].substr(1), where, files);
    } else if (is_special(entries[i]) && !is_there(entries[i])) {
      SourceEntry(entries[i], where, files).open_out();
    } else {
      files.push_back(entries[i]);
    }
  }
  return files;
}

}  // namespace weft::host
