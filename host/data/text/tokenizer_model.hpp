// SPDX-License-Identifier: Apache-2.0
/// What the kinds of tokenizers have in common; Tokenizer owns one.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/token_texts.hpp"

namespace weft::host {

enum class SpecialId { pad, unknown, begin, end, mask };

/// Any number of threads may use one model.
class TokenizerModel {
 public:
  TokenizerModel() = default;
  TokenizerModel(const TokenizerModel&) = delete;
  TokenizerModel& operator=(const TokenizerModel&) = delete;
  virtual ~TokenizerModel() = default;

  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  /// @param ids  of the vocabulary
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;
  /// What each id adds to decode().
  /// @throws Error (bad_recipe) where that depends on more than what stands before it
  virtual TokenTexts token_texts() const = 0;
  virtual std::string piece(std::int32_t id) const = 0;
  virtual std::int64_t vocabulary() const = 0;
  virtual std::optional<std::int32_t> id_of(SpecialId special) const = 0;
};

/// @param name  how a message begins: `The tokenizer a.json`
/// @throws Error (bad_data) as read_tokenizer_json() does, and for expressions that cannot be used
std::shared_ptr<const TokenizerModel> json_model(std::string_view bytes, const std::string& name);

/// @throws Error (bad_data) as vet_sentencepiece() does, and for other ids than those of Tokenizer
std::shared_ptr<const TokenizerModel> sentencepiece_model(const std::string& bytes,
                                                          const std::string& name);

}  // namespace weft::host
