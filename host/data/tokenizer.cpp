// SPDX-License-Identifier: Apache-2.0
#include "host/data/tokenizer.hpp"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <unordered_map>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/fingerprint.hpp"
#include "host/data/sentencepiece_vetting.hpp"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
namespace spm = sentencepiece;

/// The texts as SentencePiece's trainer wants them.
class Sentences : public spm::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& texts) : texts_(texts) {}
  bool done() const override { return next_ >= texts_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return texts_[next_]; }
  spm::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& texts_;
  std::size_t next_ = 0;
};

std::string trained(const std::string& type, int vocabulary,
                    const std::vector<std::string>& texts) {
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", type},
      {"vocab_size", std::to_string(vocabulary)},
      {"hard_vocab_limit", "false"},
      {"character_coverage", "1.0"},
      {"num_threads", "1"},
      {"pad_id", std::to_string(k_pad)},
      {"unk_id", std::to_string(k_unknown)},
      {"bos_id", std::to_string(k_begin)},
      {"eos_id", std::to_string(k_end)},
      {"minloglevel", "3"},
  };
  Sentences sentences(texts);
  std::string model;
  const spm::util::Status status = spm::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!status.ok()) {
    throw Error(Exit::bad_recipe,
                concat("data /tokenizer: SentencePiece cannot train a ", type, " model of ",
                       vocabulary, " pieces on ", texts.size(), " texts (", status.error_message(),
                       "). Set vocab to another number."));
  }
  return model;
}

std::string fingerprint_of(const std::string& type, int vocabulary,
                           const std::vector<std::string>& texts) {
  Fingerprint fingerprint;
  fingerprint.add(concat("tokenizer 1 ", type, " ", vocabulary));
  for (const std::string& text : texts) fingerprint.add(text);
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
  Fingerprint fingerprint;
  fingerprint.add(model);
  return concat("{\"inputs\": \"", inputs, "\", \"model\": \"", fingerprint.hex(), "\"}\n");
}

}  // namespace

class Tokenizer::Model {
 public:
  Model(const std::string& name, const std::string& bytes) {
    vet_sentencepiece(bytes, name);
    std::vector<int> ids;
    const bool works = processor.LoadFromSerializedProto(bytes).ok() &&
                       processor.Encode("A text, \u00fc\u4e00 \ufb01 12.", &ids).ok();
    if (!works) {
      throw Error(Exit::bad_data, concat(name,
                                         " is not a SentencePiece model. Delete it; it will "
                                         "be trained anew."));
    }
    if (processor.pad_id() != k_pad || processor.unk_id() != k_unknown ||
        processor.bos_id() != k_begin || processor.eos_id() != k_end) {
      throw Error(Exit::bad_data,
                  concat(name,
                         " has other special ids than pad 0, unknown 1, begin 2 and end 3. "
                         "Train it with --pad_id=0 --unk_id=1 --bos_id=2 --eos_id=3."));
    }
  }

  spm::SentencePieceProcessor processor;
};

Tokenizer Tokenizer::load(const fs::path& model) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(model, problem);
  if (problem) {
    throw Error(Exit::no_input, concat("The tokenizer ", model.string(), " cannot be opened (",
                                       problem.message(), ")."));
  }
  if (size > k_largest_tokenizer) {
    throw Error(Exit::bad_data, concat("The tokenizer ", model.string(), " has ", size,
                                       " bytes; at most ", k_largest_tokenizer, " are read."));
  }
  return from_bytes(read_file(model), concat("The tokenizer ", model.string()));
}

Tokenizer Tokenizer::from_bytes(const std::string& bytes, const std::string& name) {
  return Tokenizer(std::make_shared<const Model>(name, bytes));
}

Tokenizer Tokenizer::train(const fs::path& model, const std::string& type, int vocabulary,
                           const std::vector<std::string>& texts) {
  if (texts.empty()) {
    throw Error(Exit::bad_data,
                "The training part holds no text for the tokenizer. Check "
                "data/tokenizer/from.");
  }
  const fs::path record = model.string() + ".json";
  const std::string inputs = fingerprint_of(type, vocabulary, texts);
  std::error_code problem;
  if (fs::file_size(model, problem) <= k_largest_tokenizer && !problem) {
    const std::string bytes = read_file(model);
    if (read_file(record) == record_of(inputs, bytes)) return load(model);
  }
  const std::string bytes = trained(type, vocabulary, texts);
  fs::create_directories(model.parent_path(), problem);
  write_file(model, bytes);
  write_file(record, record_of(inputs, bytes));
  return from_bytes(bytes, "The tokenizer");
}

std::vector<std::int32_t> Tokenizer::encode(const std::string& text) const {
  std::vector<int> ids;
  const spm::util::Status status = model_->processor.Encode(text, &ids);
  if (!status.ok()) {
    throw Error(Exit::bad_data, concat("A text cannot be encoded: ", status.error_message(), "."));
  }
  return {ids.begin(), ids.end()};
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids) const {
  std::vector<int> pieces;
  for (const std::int64_t id : ids) {
    if (id == k_end) break;
    if (id == k_pad || id == k_begin) continue;
    pieces.push_back(static_cast<int>(id > 0 && id < vocabulary() ? id : k_unknown));
  }
  std::string text;
  const spm::util::Status status = model_->processor.Decode(pieces, &text);
  if (!status.ok()) {
    throw Error(Exit::bad_data, concat("Ids cannot be decoded: ", status.error_message(), "."));
  }
  return text;
}

std::int64_t Tokenizer::vocabulary() const {
  return model_->processor.GetPieceSize();
}

MaskingVocabulary Tokenizer::masking() const {
  const spm::SentencePieceProcessor& processor = model_->processor;
  MaskingVocabulary vocabulary{this->vocabulary(), {}, {}};
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    const bool is_ordinary =
        !processor.IsControl(id) && !processor.IsUnknown(id) && !processor.IsUnused(id);
    if (is_ordinary) vocabulary.ordinary.push_back(id);
    vocabulary.starts_word.push_back(processor.IdToPiece(id).starts_with("\u2581"));
  }
  return vocabulary;
}

}  // namespace weft::host
