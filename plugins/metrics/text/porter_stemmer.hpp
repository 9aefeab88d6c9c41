// SPDX-License-Identifier: Apache-2.0
/// Porter's stemmer for English words in lower case, with the extensions of NLTK: the stems that
/// rouge-score and NLTK's METEOR compare.
///
/// Source  Porter 1980, "An algorithm for suffix stripping"; NLTK's NLTK_EXTENSIONS mode.

#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  class PorterStemmer {
   public:
    /// @param word  in lower case
    static std::string stem(std::string_view word) {
      for (const auto& [stem, irregular] : k_irregular)
        if (word == irregular) return std::string(stem);
      PorterStemmer at{std::string(word)};
      if (word.size() <= 2) return at.word_;
      at.step_1a();
      at.step_1b();
      at.step_1c();
      at.step_2();
      at.replace_first(k_step_3, 0);
      at.step_4();
      at.step_5();
      return at.word_;
    }

   private:
    struct Suffix {
      std::string_view ending, by;
    };

    explicit PorterStemmer(std::string word) : word_(std::move(word)) {}

    bool ends(std::string_view ending) const {
      return word_.size() >= ending.size() &&
             std::string_view(word_).substr(word_.size() - ending.size()) == ending;
    }
    void replace(std::string_view ending, std::string_view by) {
      word_.replace(word_.size() - ending.size(), ending.size(), by);
    }
    std::string_view before(std::string_view ending) const {
      return std::string_view(word_).substr(0, word_.size() - ending.size());
    }

    static bool is_consonant(std::string_view word, std::size_t i) {
      const char c = word[i];
      if (c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u') return false;
      return c != 'y' || i == 0 || !is_consonant(word, i - 1);
    }
    /// How often consonants follow vowels: m of [C](VC)^m[V].
    static int measure(std::string_view stem) {
      int count = 0;
      bool was_vowel = false;
      for (std::size_t i = 0; i < stem.size(); ++i) {
        const bool is_vowel = !is_consonant(stem, i);
        if (was_vowel && !is_vowel) ++count;
        was_vowel = is_vowel;
      }
      return count;
    }
    static bool has_vowel(std::string_view stem) {
      for (std::size_t i = 0; i < stem.size(); ++i)
        if (!is_consonant(stem, i)) return true;
      return false;
    }
    static bool ends_double(std::string_view word) {
      const std::size_t n = word.size();
      return n >= 2 && word[n - 1] == word[n - 2] && is_consonant(word, n - 1);
    }
    /// Consonant, vowel, consonant other than w, x and y; or two letters, vowel and consonant.
    static bool ends_cvc(std::string_view word) {
      const std::size_t n = word.size();
      if (n >= 3 && is_consonant(word, n - 3) && !is_consonant(word, n - 2) &&
          is_consonant(word, n - 1) && word[n - 1] != 'w' && word[n - 1] != 'x' &&
          word[n - 1] != 'y')
        return true;
      return n == 2 && !is_consonant(word, 0) && is_consonant(word, 1);
    }

    void step_1a() {
      if (ends("ies") && word_.size() == 4) return replace("ies", "ie");
      if (ends("sses")) return replace("sses", "ss");
      if (ends("ies")) return replace("ies", "i");
      if (!ends("ss") && ends("s")) replace("s", "");
    }

    void step_1b() {
      if (ends("ied")) return replace("ied", word_.size() == 4 ? "ie" : "i");
      if (ends("eed")) {
        if (measure(before("eed")) > 0) replace("eed", "ee");
        return;
      }
      const std::string_view ending = ends("ed") ? "ed" : "ing";
      if (!ends(ending) || !has_vowel(before(ending))) return;
      replace(ending, "");
      if (ends("at") || ends("bl") || ends("iz")) {
        word_ += 'e';
      } else if (ends_double(word_)) {
        if (word_.back() != 'l' && word_.back() != 's' && word_.back() != 'z') word_.pop_back();
      } else if (measure(word_) == 1 && ends_cvc(word_)) {
        word_ += 'e';
      }
    }

    void step_1c() {
      if (!ends("y")) return;
      const std::string_view stem = before("y");
      if (stem.size() > 1 && is_consonant(stem, stem.size() - 1)) replace("y", "i");
    }

    /// Of the first ending that fits, if its stem's measure is above `least`.
    template <std::size_t count>
    void replace_first(const Suffix (&suffixes)[count], int least) {
      for (const Suffix& suffix : suffixes) {
        if (!ends(suffix.ending)) continue;
        if (measure(before(suffix.ending)) > least) replace(suffix.ending, suffix.by);
        return;
      }
    }

    void step_2() {
      if (ends("alli") && measure(before("alli")) > 0) {
        replace("alli", "al");
        return step_2();
      }
      for (const Suffix& suffix : k_step_2) {
        if (!ends(suffix.ending)) continue;
        // NLTK: of "-logi" the stem is taken with its l.
        const std::string_view stem = before(suffix.ending == "logi" ? "ogi" : suffix.ending);
        if (measure(stem) > 0) replace(suffix.ending, suffix.by);
        return;
      }
    }

    void step_4() {
      for (const std::string_view ending : k_step_4) {
        if (!ends(ending)) continue;
        const std::string_view stem = before(ending);
        const bool fits =
            ending != "ion" || (!stem.empty() && (stem.back() == 's' || stem.back() == 't'));
        if (measure(stem) > 1 && fits) replace(ending, "");
        return;
      }
    }

    void step_5() {
      if (ends("e")) {
        const std::string_view stem = before("e");
        if (measure(stem) > 1 || (measure(stem) == 1 && !ends_cvc(stem))) replace("e", "");
      }
      if (ends("ll") && measure(before("l")) > 1) replace("l", "");
    }

    static constexpr std::pair<std::string_view, std::string_view> k_irregular[] = {
        {"sky", "sky"},        {"sky", "skies"},        {"die", "dying"},
        {"lie", "lying"},      {"tie", "tying"},        {"news", "news"},
        {"inning", "innings"}, {"inning", "inning"},    {"outing", "outings"},
        {"outing", "outing"},  {"canning", "cannings"}, {"canning", "canning"},
        {"howe", "howe"},      {"proceed", "proceed"},  {"exceed", "exceed"},
        {"succeed", "succeed"}};
    static constexpr Suffix k_step_2[] = {
        {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
        {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
        {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
        {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
        {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
        {"fulli", "ful"},   {"logi", "log"}};
    static constexpr Suffix k_step_3[] = {{"icate", "ic"}, {"ative", ""},  {"alize", "al"},
                                          {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""},
                                          {"ness", ""}};
    static constexpr std::string_view k_step_4[] = {
        "al",  "ance", "ence", "er",  "ic",  "able", "ible", "ant", "ement", "ment",
        "ent", "ion",  "ou",   "ism", "ate", "iti",  "ous",  "ive", "ize"};

    std::string word_;
  };

  }  // namespace text
}  // namespace weft
