// SPDX-License-Identifier: Apache-2.0
#include <sentencepiece_processor.h>

#include <cctype>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/sentencepiece/sentencepiece_vetting.hpp"
#include "host/data/text/tokenizer_model.hpp"

namespace weft::host {
namespace {

/// Longer texts are encoded part by part: the library takes some hundred bytes of memory for each
/// byte of a text.
constexpr std::size_t k_part = std::size_t{1} << 20;
/// No part may be longer.
constexpr std::size_t k_longest_part = std::size_t{16} << 20;

bool is_between_words(std::string_view text, std::size_t at) {
  const auto is_word = [&](std::size_t i) {
    return std::isalnum(static_cast<unsigned char>(text[i])) != 0 && text[i] > 0;
  };
  return text[at] == ' ' && at > 0 && at + 1 < text.size() && is_word(at - 1) && is_word(at + 1);
}

/// The space at which the first part of a long text ends: the last one that stands between two
/// words within k_part bytes, or else the first one behind; the end where there is none.
std::size_t end_of_part(std::string_view text) {
  if (text.size() <= k_part) return text.size();
  for (std::size_t at = k_part; at > 0; --at) {
    if (is_between_words(text, at)) return at;
  }
  std::size_t at = k_part;
  while (at < text.size() && at <= k_longest_part && !is_between_words(text, at)) ++at;
  return at <= k_longest_part ? at : text.size();
}

class SentencePieceModel : public TokenizerModel {
 public:
  SentencePieceModel(const std::string& bytes, const std::string& name) {
    is_divisible_ = vet_sentencepiece(bytes, name).is_divisible;
    std::vector<int> ids;
    const bool works = processor_.LoadFromSerializedProto(bytes).ok() &&
                       processor_.Encode("A text, \u00fc\u4e00 \ufb01 12.", &ids).ok();
    if (!works) {
      throw Error(Exit::bad_data,
                  concat(name, " is not a SentencePiece model. Choose another file."));
    }
    // A word behind a space must be read as one at the beginning of a text is.
    is_divisible_ = is_divisible_ && processor_.Normalize("a b") == "\u2581a\u2581b" &&
                    processor_.Normalize("b") == "\u2581b";
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    while (true) {
      const std::size_t end = is_divisible_ ? end_of_part(text) : text.size();
      const std::vector<int> part = encode_part(text.substr(0, end));
      // The library makes one unknown id of several in a row.
      const bool goes_on = !ids.empty() && !part.empty() && ids.back() == processor_.unk_id() &&
                           part.front() == processor_.unk_id();
      ids.insert(ids.end(), part.begin() + (goes_on ? 1 : 0), part.end());
      if (end == text.size()) return ids;
      text.remove_prefix(end + 1);
    }
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    const auto status = processor_.Decode(absl::Span<const int>(ids.data(), ids.size()), &text);
    if (!status.ok()) {
      throw Error(Exit::bad_data,
                  concat("Ids cannot be decoded: ", std::string(status.message()), "."));
    }
    return text;
  }

  TokenTexts token_texts() const override {
    TokenTexts texts;
    const std::int32_t before = some_word();
    const std::string word = decode(std::vector<std::int32_t>{before});
    for (std::int32_t id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id) || processor_.IsUnknown(id)) {
        texts.first.emplace_back();
        texts.behind.emplace_back();
      } else if (processor_.IsByte(id)) {  // alone it may be half a character
        texts.first.push_back(byte_of(piece(id)));
        texts.behind.push_back(byte_of(piece(id)));
      } else {
        texts.first.push_back(decode(std::vector<std::int32_t>{id}));
        const std::string both = decode(std::vector<std::int32_t>{before, id});
        texts.behind.push_back(both.starts_with(word) ? both.substr(word.size()) : "");
      }
    }
    texts.is_first_behind_nothing = drops_all_spaces(texts);
    return texts;
  }

  std::string piece(std::int32_t id) const override { return processor_.IdToPiece(id); }
  std::int64_t vocabulary() const override { return processor_.GetPieceSize(); }

  std::optional<std::int32_t> id_of(SpecialId special) const override {
    switch (special) {
      case SpecialId::pad: return known(processor_.pad_id());
      case SpecialId::unknown: return known(processor_.unk_id());
      case SpecialId::begin: return id_of_piece("[CLS]", processor_.bos_id());
      case SpecialId::end: return id_of_piece("[SEP]", processor_.eos_id());
      case SpecialId::mask: return id_of_piece("[MASK]", -1);
    }
    return std::nullopt;
  }

 private:
  std::vector<int> encode_part(std::string_view text) const {
    if (text.size() > k_longest_part) {
      throw Error(Exit::bad_data, concat("A text cannot be encoded: ", text.size(),
                                         " bytes of it must be read at once, and at most ",
                                         k_longest_part, " can be. Divide the text."));
    }
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    if (!status.ok()) {
      throw Error(Exit::bad_data,
                  concat("A text cannot be encoded: ", std::string(status.message()), "."));
    }
    return ids;
  }

  /// A piece that writes something wherever it stands.
  std::int32_t some_word() const {
    for (std::int32_t id = 0; id < processor_.GetPieceSize(); ++id)
      if (!processor_.IsControl(id) && !processor_.IsUnknown(id) && !processor_.IsByte(id) &&
          !decode(std::vector<std::int32_t>{id}).empty())
        return id;
    return processor_.unk_id();
  }

  /// The byte of "<0x41>".
  static std::string byte_of(const std::string& piece) {
    return {static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16))};
  }

  /// Whether a space at the beginning of a text is dropped also behind one that was.
  bool drops_all_spaces(const TokenTexts& texts) const {
    for (std::int32_t id = 0; id < processor_.GetPieceSize(); ++id) {
      const auto at = static_cast<std::size_t>(id);
      if (texts.first[at].empty() && texts.behind[at] == " ")
        return decode(std::vector<std::int32_t>{id, id}).empty();
    }
    return false;
  }

  static std::optional<std::int32_t> known(int id) {
    if (id < 0) return std::nullopt;
    return id;
  }

  /// The library says the unknown id for a piece that it does not have.
  std::optional<std::int32_t> id_of_piece(const char* name, int otherwise) const {
    const int id = processor_.PieceToId(name);
    return known(processor_.IsControl(id) ? id : otherwise);
  }

  sentencepiece::SentencePieceProcessor processor_;
  bool is_divisible_ = false;
};

}  // namespace

std::shared_ptr<const TokenizerModel> sentencepiece_model(const std::string& bytes,
                                                          const std::string& name) {
  return std::make_shared<SentencePieceModel>(bytes, name);
}

}  // namespace weft::host
