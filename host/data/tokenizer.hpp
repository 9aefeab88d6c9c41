// SPDX-License-Identifier: Apache-2.0
/// Texts to token ids and back, by SentencePiece (https://github.com/google/sentencepiece).

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/data/masking.hpp"

namespace weft::host {

/// The four ids that every tokenizer of Weft has.
enum SpecialToken : std::int64_t { k_pad = 0, k_unknown = 1, k_begin = 2, k_end = 3 };

/// Any number of threads may use one tokenizer; copies share it.
class Tokenizer {
 public:
  /// Vets the model before the library sees it; see vet_sentencepiece().
  /// @throws Error (no_input) when there is no such file; (bad_data) when it is no SentencePiece
  ///         model that is safe to load, is too large, or has other special ids
  static Tokenizer load(const std::filesystem::path& model);

  /// The same from the model's bytes.
  /// @param name  how a message begins: `The tokenizer a.model`
  static Tokenizer from_bytes(const std::string& bytes, const std::string& name);

  /// Trains on the texts and writes the model and, beside it, `MODEL.json`, which records what it
  /// was made from. A model that was made from the same is loaded instead.
  /// The same texts and options give the same model, byte for byte.
  /// @param type        unigram, bpe, word or char
  /// @param vocabulary  at most this many pieces; a small set of texts gives fewer
  /// @throws Error (bad_recipe) when the vocabulary cannot hold every character; (bad_data) when
  ///         the texts are empty; (cannot_create, io) when the files cannot be written
  static Tokenizer train(const std::filesystem::path& model, const std::string& type,
                         int vocabulary, const std::vector<std::string>& texts);

  /// Ids without k_begin and k_end; a character never seen in training gives k_unknown.
  std::vector<std::int32_t> encode(const std::string& text) const;

  /// The text up to the first k_end; k_pad and k_begin are left out, ids outside the vocabulary are
  /// written as k_unknown is.
  std::string decode(std::span<const std::int64_t> ids) const;

  /// Number of pieces, special ones included.
  std::int64_t vocabulary() const;

  /// What masking has to know. The mask's id is vocabulary(), the first that no text has; a word
  /// starts at a piece that begins with the character U+2581, which stands for a space.
  MaskingVocabulary masking() const;

 private:
  class Model;
  explicit Tokenizer(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> model_;
};

}  // namespace weft::host
