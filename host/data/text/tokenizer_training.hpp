// SPDX-License-Identifier: Apache-2.0
/// How a tokenizer is trained.

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/data/text/training_texts.hpp"

namespace weft::host {

struct TokenizerTraining {
  std::string type = "unigram";      ///< or bpe, word, char
  int vocabulary = 0;                ///< at most this many pieces; few texts give fewer
  std::vector<std::string> special;  ///< tokens that are found in no text: ids from 4 on, in this
                                     ///< order; [PAD] and [UNK] are names for the ids 0 and 1
  int texts = 0;                     ///< learns from so many, each as likely; 0: from all
};

/// The first option that is wrong, as a recipe calls it, and what is expected of it.
std::optional<std::pair<std::string, std::string>> misfit(const TokenizerTraining& training);

/// The bytes of a model that SentencePiece learns from the texts; the same for the same.
/// @param place  how a message begins: `data/tokenizer`
/// @throws Error (bad_recipe) when the vocabulary cannot hold every character
std::string train_sentencepiece(const TokenizerTraining& training, const TrainingTexts& texts,
                                const std::string& place);

}  // namespace weft::host
