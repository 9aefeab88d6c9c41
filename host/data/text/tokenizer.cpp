// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/text.hpp"
#include "host/data/text/sentencepiece/sentencepiece_vetting.hpp"
#include "host/data/text/tokenizer_file.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;

std::string fingerprint_of(const std::string& bytes) {
  Fingerprint fingerprint;
  fingerprint.add(bytes);
  return fingerprint.hex();
}

/// The whole file; empty when it does not exist.
std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// A reader sees the old file or the new one, never a half.
void write_file(const fs::path& path, const std::string& bytes) {
  const fs::path draft = path.string() + concat(".", ::getpid(), ".tmp");
  {
    std::ofstream file(draft, std::ios::binary);
    if (!file) {
      throw Error(Exit::cannot_create, concat(draft.string(),
                                              " cannot be created. Is its folder "
                                              "there, and may you write to it?"));
    }
    file << bytes;
    file.flush();
    if (file) {
      file.close();
      fs::rename(draft, path);
      return;
    }
  }
  std::error_code ignored;
  fs::remove(draft, ignored);
  throw Error(Exit::io, concat(path.string(), " cannot be written. Is the disk full?"));
}

/// What MODEL.json holds: what the model was made from, and the model itself, so that a damaged or
/// exchanged model file is made anew instead of loaded.
std::string record_of(const std::string& inputs, const std::string& model) {
  return concat("{\"inputs\": \"", inputs, "\", \"model\": \"", fingerprint_of(model), "\"}\n");
}

}  // namespace

std::string fingerprint_of(const TokenizerTraining& training, const TrainingTexts& texts) {
  Fingerprint fingerprint;
  fingerprint.add(concat("tokenizer 3 ", training.type, " ", training.vocabulary));
  for (const std::string& token : training.special) fingerprint.add(token);
  if (!training.special.empty()) fingerprint.add("");
  if (training.texts > 0) fingerprint.add(concat("texts ", training.texts));
  fingerprint.add(texts.fingerprint());
  return fingerprint.hex();
}

Tokenizer Tokenizer::load(const fs::path& file) {
  return from_bytes(read_tokenizer_file(file.string()), concat("The tokenizer ", file.string()));
}

Tokenizer Tokenizer::from_bytes(const std::string& bytes, const std::string& name) {
  return {is_tokenizer_json(bytes) ? json_model(bytes, name) : sentencepiece_model(bytes, name),
          fingerprint_of(bytes)};
}

Tokenizer Tokenizer::train(const fs::path& model, const TokenizerTraining& training,
                           const TrainingTexts& texts) {
  if (texts.size() == 0) {
    throw Error(Exit::bad_data,
                "The training part holds no text for the tokenizer. Check "
                "data/tokenizer/from.");
  }
  const fs::path record = model.string() + ".json";
  const std::string inputs = fingerprint_of(training, texts);
  std::error_code problem;
  if (fs::file_size(model, problem) <= k_largest_tokenizer && !problem) {
    const std::string bytes = read_file(model);
    if (read_file(record) == record_of(inputs, bytes)) return load(model);
  }
  const std::string bytes = train_sentencepiece(training, texts, "data/tokenizer");
  fs::create_directories(model.parent_path(), problem);
  write_file(model, bytes);
  write_file(record, record_of(inputs, bytes));
  return from_bytes(bytes, "The tokenizer");
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  return model_->encode(text);
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  const auto begin = id_of(SpecialId::begin), end = id_of(SpecialId::end);
  const auto pad = id_of(SpecialId::pad), unknown = id_of(SpecialId::unknown);
  std::vector<std::int32_t> kept;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t id = ids[i];
    // GPT-2 has one token for both; the first of a row begins it.
    if (id == begin && (i == 0 || begin != end)) continue;
    if (id == end) break;
    if (id == pad) continue;
    if (id >= 0 && id < vocabulary()) {
      kept.push_back(static_cast<std::int32_t>(id));
    } else if (unknown) {
      kept.push_back(*unknown);
    }
  }
  return model_->decode(kept);
}

TokenTexts Tokenizer::token_texts() const {
  TokenTexts texts = model_->token_texts();
  for (const SpecialId special :
       {SpecialId::pad, SpecialId::unknown, SpecialId::begin, SpecialId::end, SpecialId::mask})
    if (const auto id = id_of(special))
      texts.first[static_cast<std::size_t>(*id)] = texts.behind[static_cast<std::size_t>(*id)] = "";
  return texts;
}

std::int32_t Tokenizer::required(SpecialId special) const {
  if (const auto id = id_of(special)) return *id;
  constexpr const char* names[] = {"pad", "unknown", "begin", "end", "mask"};
  throw Error(Exit::bad_recipe,
              concat("The tokenizer has no single ", names[static_cast<std::size_t>(special)],
                     " token, which the recipe asks for. Leave it out, or choose another "
                     "tokenizer; `weft tokenizer encode` shows what it does."));
}

std::int32_t Tokenizer::pad() const {
  const auto pad = id_of(SpecialId::pad);
  return pad ? *pad : id_of(SpecialId::end).value_or(0);
}

MaskingVocabulary Tokenizer::masking() const {
  std::set<std::int64_t> special;
  for (const SpecialId meaning :
       {SpecialId::pad, SpecialId::unknown, SpecialId::begin, SpecialId::end, SpecialId::mask}) {
    if (const auto id = id_of(meaning)) special.insert(*id);
  }
  MaskingVocabulary vocabulary{this->vocabulary(), {}, {}};
  std::vector<std::string> pieces;
  for (std::int32_t id = 0; id < this->vocabulary(); ++id) pieces.push_back(piece(id));
  const bool marks_continuation =
      std::ranges::any_of(pieces, [](const auto& text) { return text.starts_with("##"); });
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto number = static_cast<std::int64_t>(id);
    if (!special.contains(number)) vocabulary.ordinary.push_back(number);
    vocabulary.starts_word.push_back(marks_continuation ? !pieces[id].starts_with("##")
                                                        : pieces[id].starts_with("\u2581") ||
                                                              pieces[id].starts_with("\u0120"));
  }
  return vocabulary;
}

}  // namespace weft::host
