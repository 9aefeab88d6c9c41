// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/tokenizer_json/added_tokens.hpp"
#include "host/data/text/tokenizer_json/bpe.hpp"
#include "host/data/text/tokenizer_json/byte_level.hpp"
#include "host/data/text/tokenizer_json/normalizer.hpp"
#include "host/data/text/tokenizer_json/pre_tokenizer.hpp"
#include "host/data/text/tokenizer_json/token_decoder.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"
#include "host/data/text/tokenizer_json/unigram.hpp"
#include "host/data/text/tokenizer_json/word_piece.hpp"
#include "host/data/text/tokenizer_model.hpp"

namespace weft::host {
namespace {

/// Encoding takes some fifty bytes of memory for each byte of the longest word.
constexpr std::size_t k_longest_word = std::size_t{16} << 20;

/// The spaces that WordPiece's decoder of Hugging Face takes back.
void clean_up(std::string& text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> changes = {
      {{" .", "."},
       {" ?", "?"},
       {" !", "!"},
       {" ,", ","},
       {" ' ", "'"},
       {" n't", "n't"},
       {" 'm", "'m"},
       {" do not", " don't"},
       {" 's", "'s"},
       {" 've", "'ve"},
       {" 're", "'re"}}};
  for (const auto& [from, to] : changes) replace_all(text, from, to);
}

using Subwords = std::variant<Bpe, WordPiece, Unigram>;

Subwords subword_model(const SubwordOptions& options) {
  switch (options.kind) {
    case SubwordOptions::Kind::bpe: return Bpe(options);
    case SubwordOptions::Kind::unigram: return Unigram(options);
    case SubwordOptions::Kind::word_piece: break;
  }
  return WordPiece(options);
}

class JsonModel : public TokenizerModel {
 public:
  JsonModel(TokenizerJson json, const std::string& name)
      : normaliser_(json.normaliser, name),
        splitter_(json.splits, name),
        subwords_(subword_model(json.model)),
        decoder_(json.decoder_steps, name),
        json_(std::move(json)) {
    for (AddedToken token : json_.added) {
      if (token.normalised) token.content = normaliser_.apply(well_formed(token.content));
      (token.normalised ? added_later_ : added_).add(token);
    }
    added_.sort();
    added_later_.sort();
    if (json_.decoder != TokenizerJson::Decoder::byte_level) return;
    for (const std::string& token : json_.model.tokens) {
      bytes_.push_back(bytes_of_characters(token).value_or(token));
    }
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    const std::string whole = well_formed(text);
    for (const auto& [part, token] : added_.split(whole)) {
      if (token) {
        ids.push_back(*token);
      } else {
        add_normalised(
            normaliser_.is_empty() ? std::string(part) : normaliser_.apply(std::string(part)),
            part.data() == whole.data(), ids);
      }
    }
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    if (json_.decoder == TokenizerJson::Decoder::steps) {
      std::vector<std::string> tokens;
      for (const std::int32_t id : ids) tokens.push_back(piece(id));
      return well_formed(decoder_.text(std::move(tokens)));
    }
    std::string text;
    bool is_first = true;
    for (const std::int32_t id : ids) {
      text += text_of(id, is_first);
      is_first = false;
    }
    const std::string& suffix = json_.model.suffix;
    if (!suffix.empty()) {
      replace_all(text, suffix, " ");
      if (text.ends_with(' ')) text.pop_back();
    }
    return well_formed(text);
  }

  TokenTexts token_texts() const override {
    if (!json_.model.suffix.empty())
      throw Error(Exit::bad_recipe,
                  concat("tokens that end words with \"", json_.model.suffix,
                         "\" say only with what follows which text they are. Choose a tokenizer "
                         "without such an ending, or leave the constraint out."));
    TokenTexts texts;
    for (std::int32_t id = 0; id < vocabulary(); ++id) {
      const bool is_hole = piece(id).empty();
      texts.first.push_back(is_hole ? "" : text_of(id, /*is_first=*/true));
      texts.behind.push_back(is_hole ? "" : text_of(id, /*is_first=*/false));
    }
    return texts;
  }

  std::string piece(std::int32_t id) const override {
    return json_.model.tokens[static_cast<std::size_t>(id)];
  }

  std::int64_t vocabulary() const override { return json_.vocabulary; }

  std::optional<std::int32_t> id_of(SpecialId special) const override {
    switch (special) {
      case SpecialId::pad: return json_.pad;
      case SpecialId::unknown: return json_.model.unknown;
      case SpecialId::begin: return json_.begin;
      case SpecialId::end: return json_.end;
      case SpecialId::mask: return json_.mask;
    }
    return std::nullopt;
  }

 private:
  void add_normalised(const std::string& text, bool is_first,
                      std::vector<std::int32_t>& ids) const {
    for (const auto& [part, token] : added_later_.split(text)) {
      if (token) {
        ids.push_back(*token);
        continue;
      }
      const Words words = splitter_.split(part, is_first && part.data() == text.data());
      std::visit(
          [&](const auto& subwords) {
            for (const std::string_view word : words.words) {
              require_fitting(word);
              subwords.encode(word, ids);
            }
          },
          subwords_);
    }
  }

  static void require_fitting(std::string_view word) {
    if (word.size() <= k_longest_word) return;
    throw Error(Exit::bad_data,
                concat("A text cannot be encoded: a word of it has ", word.size(),
                       " bytes; at most ", k_longest_word, " are read at once. Divide the text."));
  }

  /// The bytes that a decoder writes for the id behind those before.
  std::string text_of(std::int32_t id, bool is_first) const {
    if (json_.decoder == TokenizerJson::Decoder::byte_level)
      return bytes_[static_cast<std::size_t>(id)];
    if (json_.decoder == TokenizerJson::Decoder::steps)
      return decoder_.bytes_of(piece(id), is_first);
    return with_space(piece(id), is_first);
  }

  /// The token as a decoder writes it behind those before.
  std::string with_space(std::string token, bool is_first) const {
    if (json_.decoder != TokenizerJson::Decoder::word_piece) {
      return is_first ? token : ' ' + token;
    }
    const std::string& prefix = json_.decoder_prefix;
    if (!is_first) {
      token = token.starts_with(prefix) ? token.substr(prefix.size()) : ' ' + token;
    }
    if (json_.decoder_cleanup) clean_up(token);
    return token;
  }

  Normaliser normaliser_;
  TextSplitter splitter_;
  Subwords subwords_;
  TokenDecoder decoder_;
  TokenizerJson json_;
  AddedTokens added_, added_later_;  ///< looked for in the text, and in the normalised one
  std::vector<std::string> bytes_;   ///< by id, for a decoder of bytes
};

}  // namespace

std::shared_ptr<const TokenizerModel> json_model(std::string_view bytes, const std::string& name) {
  return std::make_shared<JsonModel>(read_tokenizer_json(bytes, name), name);
}

}  // namespace weft::host
