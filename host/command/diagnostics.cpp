// SPDX-License-Identifier: Apache-2.0
#include "host/command/diagnostics.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/rewrite.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_longest_recipe = std::size_t{1} << 26;

std::string line_of(const std::string& file, int line) {
  std::ifstream in(file);
  std::string text;
  for (int i = 0; i < line; ++i)
    if (!std::getline(in, text)) return "";
  return line > 0 ? text : "";
}

bool is_in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where the word stands in the line by itself.
std::vector<std::size_t> places_of(const std::string& word, const std::string& line) {
  std::vector<std::size_t> places;
  for (std::size_t at = line.find(word); !word.empty() && at != std::string::npos;
       at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_in_word(line[at - 1]);
    if (begins && (end == line.size() || !is_in_word(line[end]))) places.push_back(at);
  }
  return places;
}

std::string last_key(const std::string& pointer) {
  const std::size_t slash = pointer.rfind('/');
  return slash == std::string::npos ? pointer : pointer.substr(slash + 1);
}

/// The words between quotation marks.
std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t open = text.find('"'); open != std::string::npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string::npos) break;
    words.push_back(text.substr(open + 1, close - open - 1));
    open = text.find('"', close + 1);
  }
  return words;
}

}  // namespace

std::optional<SpellingFix> certain_fix(const Problem& problem) {
  constexpr std::string_view k_asks = "Did you mean \"";
  const std::size_t asks = problem.text.find(k_asks);
  if (asks == std::string::npos) return std::nullopt;
  const std::size_t begin = asks + k_asks.size(), end = problem.text.find('"', begin);
  if (end == std::string::npos || problem.text.compare(end, 2, "\"?") != 0) return std::nullopt;
  const std::string now = problem.text.substr(begin, end - begin);
  std::vector<std::string> words = quoted(problem.text.substr(0, asks));
  words.push_back(last_key(problem.pointer));
  const std::string line = line_of(problem.file, problem.line);
  for (const std::string& word : words) {
    if (edit_distance(word, now) != 1) continue;
    const std::vector<std::size_t> places = places_of(word, line);
    if (places.size() == 1)
      return SpellingFix{problem.file, problem.line, places.front(), word, now};
  }
  return std::nullopt;
}

namespace {

/// What editors count a line's columns in: units of UTF-16.
std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xc0) != 0x80 ? 1 : 0;  // not a byte that continues a character
    units += byte >= 0xf0 ? 1 : 0;           // beyond the first plane: two units
  }
  return units;
}

/// Behind the string, the number, the word or the character that begins there.
std::size_t end_of_token(const std::string& line, std::size_t begin) {
  std::size_t end = begin;
  if (begin < line.size() && line[begin] == '"') {
    for (++end; end < line.size() && line[end] != '"'; ++end)
      if (line[end] == '\\') ++end;
  } else {
    while (end < line.size() && (is_in_word(line[end]) || line[end] == '.' || line[end] == '-'))
      ++end;
    if (end > begin) return end;
  }
  return std::min(end + 1, line.size());
}

/// The Language Server Protocol's range of some bytes of a line.
nlohmann::ordered_json range_of(const std::string& text, int line, std::size_t begin,
                                std::size_t end) {
  const auto position = [&](std::size_t at) {
    return nlohmann::ordered_json{{"line", std::max(line - 1, 0)},
                                  {"character", utf16_units(text.substr(0, at))}};
  };
  return {{"start", position(begin)}, {"end", position(end)}};
}

}  // namespace

nlohmann::ordered_json diagnostic(const Problem& problem, const char* severity) {
  const std::string line = line_of(problem.file, problem.line);
  std::size_t begin =
      std::min(static_cast<std::size_t>(std::max(problem.column, 1)) - 1, line.size());
  std::size_t end = end_of_token(line, begin);
  const std::optional<SpellingFix> fix = certain_fix(problem);
  if (fix) begin = fix->column, end = begin + fix->word.size();
  nlohmann::ordered_json json{
      {"file", problem.file},     {"line", problem.line},
      {"column", problem.column}, {"severity", severity},
      {"message", problem.text},  {"pointer", problem.pointer},
      {"source", "weft"},         {"range", range_of(line, problem.line, begin, end)}};
  if (fix) json["fix"] = {{"column", begin + 1}, {"text", fix->word}, {"with", fix->now}};
  return json;
}

std::size_t apply(std::vector<SpellingFix> fixes) {
  std::map<std::string, std::vector<SpellingFix>> by_file;
  for (SpellingFix& fix : fixes) by_file[fix.file].push_back(std::move(fix));
  std::size_t applied = 0;
  for (auto& [file, list] : by_file) {
    std::vector<std::string> lines;
    std::istringstream in(read_text(file, k_longest_recipe));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    // From the end of a line, so that the columns before it stay as they are.
    std::ranges::sort(list, std::greater<>(), &SpellingFix::column);
    std::map<std::pair<int, std::size_t>, std::string> done;
    for (const SpellingFix& fix : list) {
      std::string& line = lines.at(static_cast<std::size_t>(fix.line) - 1);
      if (!done.emplace(std::pair(fix.line, fix.column), fix.now).second) continue;
      line.replace(fix.column, fix.word.size(), fix.now);
      ++applied;
    }
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    rewrite(file, text);
  }
  return applied;
}

}  // namespace weft::host
