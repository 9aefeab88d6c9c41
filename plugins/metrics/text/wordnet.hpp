// SPDX-License-Identifier: Apache-2.0
/// Synonyms of English words, from a folder of WordNet's dictionary files (wndb(5WN)): index.noun,
/// data.noun, noun.exc and those of verb, adj and adv.
///
/// Source  Fellbaum 1998, "WordNet"; forms of words as NLTK 3.10 makes them (`_morphy`).

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  class WordNet {
   public:
    /// @throws std::runtime_error naming the file that is not there, or is none of WordNet's
    explicit WordNet(const std::string& folder) {
      for (std::size_t i = 0; i < k_parts.size(); ++i) {
        Part& part = parts_[i];
        const std::string name = k_parts[i];
        part.endings = k_endings[i];
        part.index = read(folder + "/index." + name);
        part.data = read(folder + "/data." + name);
        part.exceptions = read(folder + "/" + name + ".exc");
        list(part.index, part.line_of);
        list(part.exceptions, part.exception_of);
        if (part.line_of.empty())
          throw std::runtime_error(folder + "/index." + name + " holds no word");
      }
    }

    WordNet(const WordNet&) = delete;
    WordNet& operator=(const WordNet&) = delete;

    /// The word, and all single words that share a meaning with it or with a form that it may be
    /// of: "big" has "large", and "geese" has "goose".
    const std::set<std::string>& synonyms(const std::string& word) {
      const auto [known, is_new] = known_.try_emplace(word);
      if (is_new) {
        known->second.insert(word);
        for (const Part& part : parts_)
          for (const std::string& form : forms(part, word)) add(part, form, known->second);
      }
      return known->second;
    }

   private:
    using Lines = std::unordered_map<std::string_view, std::string_view>;  ///< by their first word
    using Endings = std::vector<std::pair<std::string_view, std::string_view>>;
    struct Part {
      std::string index, data, exceptions;
      Lines line_of, exception_of;
      Endings endings;
    };

    static constexpr std::array k_parts = {"noun", "verb", "adj", "adv"};
    inline static const std::array<Endings, 4> k_endings = {
        Endings{{"s", ""},
                {"ses", "s"},
                {"ves", "f"},
                {"xes", "x"},
                {"zes", "z"},
                {"ches", "ch"},
                {"shes", "sh"},
                {"men", "man"},
                {"ies", "y"}},
        Endings{{"s", ""},
                {"ies", "y"},
                {"es", "e"},
                {"es", ""},
                {"ed", "e"},
                {"ed", ""},
                {"ing", "e"},
                {"ing", ""}},
        Endings{{"er", ""}, {"est", ""}, {"er", "e"}, {"est", "e"}}, Endings{}};

    static std::string read(const std::string& path) {
      std::ifstream file(path, std::ios::binary);
      std::string text((std::istreambuf_iterator<char>(file)), {});
      if (!file.is_open() || text.empty())
        throw std::runtime_error(path + " is not there, or is empty");
      return text;
    }

    /// Lines that begin with a blank are the licence.
    static void list(std::string_view text, Lines& lines) {
      while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t blank = line.find(' ');
        if (blank != 0 && blank != line.npos) lines[line.substr(0, blank)] = line;
      }
    }

    /// The word and what it may be a form of, as far as the dictionary has them.
    static std::vector<std::string> forms(const Part& part, const std::string& word) {
      std::vector<std::string> all{word};
      if (const auto line = part.exception_of.find(word); line != part.exception_of.end()) {
        std::istringstream words{std::string(line->second)};
        std::string one;
        for (words >> one; words >> one;) all.push_back(one);
      } else {
        for (const auto& [ending, by] : part.endings)
          if (word.size() >= ending.size() &&
              word.compare(word.size() - ending.size(), ending.size(), ending) == 0)
            all.push_back(word.substr(0, word.size() - ending.size()) + std::string(by));
      }
      std::vector<std::string> found;
      for (std::string& one : all)
        if (part.line_of.count(one) > 0) found.push_back(std::move(one));
      return found;
    }

    /// lemma pos synsets pointers [pointer …] senses tagged offset …
    static void add(const Part& part, const std::string& form, std::set<std::string>& words) {
      std::istringstream line{std::string(part.line_of.at(form))};
      std::string skipped;
      std::size_t synsets = 0, pointers = 0, offset = 0;
      line >> skipped >> skipped >> synsets >> pointers;
      for (std::size_t i = 0; i < pointers + 2; ++i) line >> skipped;
      for (std::size_t i = 0; i < synsets && line >> offset; ++i) add_words(part, offset, words);
    }

    /// offset file type count(hexadecimal) word id word id …; "(a)" behind an adjective is grammar.
    static void add_words(const Part& part, std::size_t offset, std::set<std::string>& words) {
      if (offset >= part.data.size()) return;
      const std::size_t end = std::min(part.data.find('\n', offset), part.data.size());
      std::istringstream line{part.data.substr(offset, end - offset)};
      std::string word, skipped;
      std::size_t count = 0;
      line >> skipped >> skipped >> skipped >> std::hex >> count;
      for (std::size_t i = 0; i < count && line >> word >> skipped; ++i)
        if (word.find('_') == word.npos) words.insert(word.substr(0, word.find('(')));
    }

    std::array<Part, k_parts.size()> parts_;
    std::unordered_map<std::string, std::set<std::string>> known_;
  };

  }  // namespace text
}  // namespace weft
