// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_training.hpp"

#include <algorithm>
#include <set>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_fewest_pieces = 8, k_most_pieces_trained = 1'000'000;
constexpr std::size_t k_most_special = 64, k_longest_special = 64;

bool is_fit(const std::string& token) {
  // SentencePiece's trainer takes the tokens as one text, with commas between them.
  return !token.empty() && token.size() <= k_longest_special &&
         token.find_first_of(", \t\r\n\"") == std::string::npos && token != "<pad>" &&
         token != "<unk>" && token != "<s>" && token != "</s>";
}

}  // namespace

std::optional<std::pair<std::string, std::string>> misfit(const TokenizerTraining& training) {
  const std::vector<std::string> types = {"unigram", "bpe", "word", "char"};
  if (std::find(types.begin(), types.end(), training.type) == types.end()) {
    return std::pair("type", enumerate(types));
  }
  if (training.vocabulary < k_fewest_pieces || training.vocabulary > k_most_pieces_trained) {
    return std::pair("vocab_size",
                     concat("an integer from ", k_fewest_pieces, " to ", k_most_pieces_trained));
  }
  if (training.texts < 0) return std::pair("texts", "a number above 0");
  const std::set<std::string> names(training.special.begin(), training.special.end());
  if (names.size() != training.special.size() || names.size() > k_most_special ||
      !std::all_of(names.begin(), names.end(), is_fit)) {
    return std::pair("special", concat("at most ", k_most_special, " tokens, each once, of 1 to ",
                                       k_longest_special,
                                       " bytes without comma, quote and white space, and not "
                                       "<pad>, <unk>, <s> or </s>"));
  }
  return std::nullopt;
}

}  // namespace weft::host
