// SPDX-License-Identifier: Apache-2.0
/// A `tokenizer.json` of Hugging Face's tokenizers (https://github.com/huggingface/tokenizers) as
/// plain structures. What it asks for and Weft does not do is refused, never passed over;
/// docs/tokenizers.md lists what is read.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::host {

/// Files with more tokens, merges, tokens added to the vocabulary, or steps are refused.
inline constexpr std::size_t k_most_tokens = 1'000'000;
inline constexpr std::size_t k_most_added_tokens = 10'000;
inline constexpr std::size_t k_most_steps = 32;
/// Longer tokens are refused; in bytes, as the file writes them.
inline constexpr std::size_t k_longest_token = 1024;
/// Longer regular expressions are refused; in bytes.
inline constexpr std::size_t k_longest_pattern = 1024;

/// A text that is looked for as it stands, or a regular expression of Oniguruma's Ruby syntax.
struct PatternOptions {
  std::string text;
  bool is_expression = false;
};

struct NormaliserStep {
  enum class Kind {
    nfc,
    nfd,
    nfkc,
    nfkd,
    lowercase,
    strip_accents,
    bert,
    replace,
    prepend,
    strip,
    precompiled
  };
  Kind kind = Kind::nfc;
  bool clean = false, chinese = false, accents = false, lowercase = false;  ///< bert
  bool left = false, right = false;                                         ///< strip
  PatternOptions pattern;                                                   ///< replace
  std::string content;                                                      ///< replace, prepend
  std::string rules;  ///< precompiled: SentencePiece's, as PrecompiledRules reads them
};

/// What becomes of the matches where a text is split.
enum class SplitBehaviour { removed, isolated, with_previous, with_next, contiguous };

struct SplitStep {
  enum class Kind {
    byte_level,
    split,
    whitespace,
    whitespace_split,
    bert,
    digits,
    punctuation,
    metaspace
  };
  /// Where the sign for a space is put before a word that does not begin with it.
  enum class Prepend { always, first, never };
  Kind kind = Kind::split;
  bool prefix_space = false, words = false;  ///< byte_level; `words`: by GPT-2's expression
  bool individual = false;                   ///< digits
  bool invert = false;                       ///< split: what lies between the matches is one
  PatternOptions pattern;                    ///< split
  SplitBehaviour behaviour = SplitBehaviour::isolated;  ///< split, punctuation
  std::string space;                                    ///< metaspace: the sign for a space
  Prepend prepend = Prepend::always;                    ///< metaspace
  bool splits = true;                                   ///< metaspace: before each sign
};

/// A token that is found in a text before anything else is done to it.
struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool single_word = false;                      ///< only where no letter, digit or _ adjoins it
  bool strip_left = false, strip_right = false;  ///< takes the white space beside it along
  bool normalised = false;                       ///< looked for in the normalised text
};

/// Byte pair encoding, WordPiece, or a unigram language model.
struct SubwordOptions {
  enum class Kind { bpe, word_piece, unigram } kind = Kind::word_piece;
  std::vector<std::string> tokens;  ///< by id; empty: no token has this id
  std::optional<std::int32_t> unknown;
  std::string prefix;       ///< of the pieces inside a word (WordPiece)
  int longest_word = 0;     ///< longer words are unknown, in characters (WordPiece)
  std::string suffix;       ///< of the pieces that end a word (BPE)
  bool byte_level = false;  ///< tokens write bytes as GPT-2's characters (BPE)
  bool fuse_unknown = false, ignore_merges = false;
  bool byte_fallback =
      false;  ///< unknown characters become the tokens <0x00> to <0xFF> (BPE, unigram)
  std::vector<double> scores;  ///< by id: log-probabilities (unigram)
  struct Merge {
    std::int32_t left = 0, right = 0, result = 0;
  };
  std::vector<Merge> merges;  ///< the first is applied first
};

/// What is done to tokens, one step after the other, before they are joined to a text.
struct DecoderStep {
  enum class Kind { replace, byte_fallback, fuse, strip, metaspace } kind = Kind::fuse;
  PatternOptions pattern;            ///< replace
  std::string content;               ///< replace, strip; metaspace: the sign for a space
  std::int64_t start = 0, stop = 0;  ///< strip: the most characters at both ends of a token
  bool strips_first = true;          ///< metaspace: the first token's signs go
};

struct TokenizerJson {
  std::vector<AddedToken> added;
  std::vector<NormaliserStep> normaliser;
  std::vector<SplitStep> splits;
  SubwordOptions model;
  enum class Decoder { spaces, byte_level, word_piece, steps } decoder = Decoder::spaces;
  std::vector<DecoderStep> decoder_steps;
  std::string decoder_prefix;
  bool decoder_cleanup = false;
  std::optional<std::int32_t> pad, begin, end, mask;
  /// Tokens that the file's template puts before and after a text. `begin` and `end` are known
  /// where it puts one, or where it has no template and a token has one of the usual names.
  std::size_t before = 0, after = 0;
  std::int64_t vocabulary = 0;  ///< the largest id + 1
};

/// True when the bytes begin as a JSON object does; SentencePiece's models do not.
bool is_tokenizer_json(std::string_view bytes);

/// @param name  how a message begins: `The tokenizer a.json`
/// @throws Error (bad_data): `NAME is no tokenizer.json that is read: POINTER: …`
TokenizerJson read_tokenizer_json(std::string_view bytes, const std::string& name);

}  // namespace weft::host
