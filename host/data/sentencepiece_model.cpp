// SPDX-License-Identifier: Apache-2.0
#include <sentencepiece_processor.h>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/sentencepiece_vetting.hpp"
#include "host/data/tokenizer_model.hpp"

namespace weft::host {
namespace {

class SentencePieceModel : public TokenizerModel {
 public:
  SentencePieceModel(const std::string& bytes, const std::string& name) {
    vet_sentencepiece(bytes, name);
    std::vector<int> ids;
    const bool works = processor_.LoadFromSerializedProto(bytes).ok() &&
                       processor_.Encode("A text, \u00fc\u4e00 \ufb01 12.", &ids).ok();
    if (!works) {
      throw Error(Exit::bad_data,
                  concat(name, " is not a SentencePiece model. Choose another file."));
    }
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    if (!status.ok()) {
      throw Error(Exit::bad_data,
                  concat("A text cannot be encoded: ", std::string(status.message()), "."));
    }
    return ids;
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
};

}  // namespace

std::shared_ptr<const TokenizerModel> sentencepiece_model(const std::string& bytes,
                                                          const std::string& name) {
  return std::make_shared<SentencePieceModel>(bytes, name);
}

}  // namespace weft::host
