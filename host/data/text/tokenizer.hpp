// SPDX-License-Identifier: Apache-2.0
/// Texts to token ids and back: by SentencePiece (https://github.com/google/sentencepiece), or as a
/// `tokenizer.json` of Hugging Face's tokenizers says; docs/tokenizers.md.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/token_texts.hpp"
#include "host/data/text/masking_vocabulary.hpp"
#include "host/data/text/tokenizer_model.hpp"
#include "host/data/text/tokenizer_training.hpp"

namespace weft::host {

/// The first ids of every tokenizer that Weft trains. One that a file brings may have others:
/// Tokenizer::id_of().
enum SpecialToken : std::int64_t { k_pad = 0, k_unknown = 1, k_begin = 2, k_end = 3 };

/// XXH3-128 of all that a trained model follows from: 32 hexadecimal digits.
std::string fingerprint_of(const TokenizerTraining& training, const TrainingTexts& texts);

/// Any number of threads may use one tokenizer; copies share it.
class Tokenizer {
 public:
  /// A SentencePiece model or a tokenizer.json; both are vetted first.
  /// @throws Error (no_input) when there is no such file; (bad_data) when it is too large, no model
  ///         that is safe to load, or asks for what is not done
  static Tokenizer load(const std::filesystem::path& file);

  /// The same from the file's bytes.
  /// @param name  how a message begins: `The tokenizer a.model`
  static Tokenizer from_bytes(const std::string& bytes, const std::string& name);

  /// Trains on the texts and writes the model and, beside it, `MODEL.json`, which records what it
  /// was made from. A model that was made from the same is loaded instead.
  /// @throws Error as train_sentencepiece(); (bad_data) when the texts are empty; (cannot_create,
  ///         io) when the files cannot be written
  static Tokenizer train(const std::filesystem::path& model, const TokenizerTraining& training,
                         const TrainingTexts& texts);

  /// Ids without those of begin and end. What is no UTF-8 is read as U+FFFD.
  std::vector<std::int32_t> encode(std::string_view text) const;

  /// The text up to the first end id; those of pad and begin are left out, ids outside the
  /// vocabulary are written as the unknown one is, or left out where there is none.
  std::string decode(std::span<const std::int64_t> ids) const;

  /// What each id adds to what decode() writes; nothing for the special ones.
  /// @throws Error (bad_recipe) for a tokenizer whose tokens mark the ends of words
  TokenTexts token_texts() const;

  /// XXH3-128 of the bytes that it was made from: 32 hexadecimal digits.
  const std::string& fingerprint() const { return fingerprint_; }

  /// Number of ids, special ones included.
  std::int64_t vocabulary() const { return model_->vocabulary(); }

  /// The text of an id as the tokenizer's file writes it.
  std::string piece(std::int32_t id) const { return model_->piece(id); }

  /// The id with this meaning; nothing where the tokenizer has none. Begin and end are [CLS] and
  /// [SEP] where it has those.
  std::optional<std::int32_t> id_of(SpecialId special) const { return model_->id_of(special); }

  /// The same where there must be one.
  /// @throws Error (bad_recipe) saying that `begin` or another word of a recipe cannot be used
  std::int32_t required(SpecialId special) const;

  /// What fills rows up: the id of pad, or else of end, or 0. The mask says what is filled up.
  std::int32_t pad() const;

  /// What masking has to know. The mask's id is vocabulary(), the first that no text has; a word
  /// starts at a piece that begins with U+2581 or U+0120, which stand for a space; or in a
  /// vocabulary that marks what continues a word by ##, at any other piece.
  MaskingVocabulary masking() const;

 private:
  Tokenizer(std::shared_ptr<const TokenizerModel> model, std::string fingerprint)
      : model_(std::move(model)), fingerprint_(std::move(fingerprint)) {}
  std::shared_ptr<const TokenizerModel> model_;
  std::string fingerprint_;
};

}  // namespace weft::host
