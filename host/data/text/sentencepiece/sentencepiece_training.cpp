// SPDX-License-Identifier: Apache-2.0
#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/tokenizer.hpp"
#include "host/data/text/tokenizer_training.hpp"

namespace weft::host {
namespace {

namespace spm = sentencepiece;

/// The texts in parts that SentencePiece's trainer reads, or the words: `WORD<tab>COUNT`.
class Sentences final : public spm::SentenceIterator {
 public:
  explicit Sentences(const TrainingTexts& texts) : texts_(texts) { write(); }
  bool done() const override { return is_done_; }
  void Next() override { write(); }
  const std::string& value() const override { return line_; }
  absl::Status status() const override { return {}; }

 private:
  void write() {
    if (!texts_.are_kept()) {
      is_done_ = next_ >= texts_.words().size();
      if (is_done_) return;
      const auto& [word, count] = texts_.words()[next_++];
      line_ = concat(word, '\t', count);
      return;
    }
    line_ = take_part(rest_);
    while (line_.empty() && next_ < texts_.texts().size()) {
      rest_ = texts_.texts()[next_++];
      line_ = take_part(rest_);
    }
    is_done_ = line_.empty();
  }

  const TrainingTexts& texts_;
  std::size_t next_ = 0;
  std::string_view rest_;  ///< of the text before next_
  std::string line_;
  bool is_done_ = false;
};

}  // namespace

std::string train_sentencepiece(const TokenizerTraining& training, const TrainingTexts& texts,
                                const std::string& place) {
  std::unordered_map<std::string, std::string> options = {
      {"model_type", training.type},
      {"vocab_size", std::to_string(training.vocabulary)},
      {"hard_vocab_limit", "false"},
      {"character_coverage", "1.0"},
      {"num_threads", "1"},
      {"pad_id", std::to_string(k_pad)},
      {"unk_id", std::to_string(k_unknown)},
      {"bos_id", std::to_string(k_begin)},
      {"eos_id", std::to_string(k_end)},
      {"minloglevel", "3"},
  };
  if (!texts.are_kept()) options["input_format"] = "tsv";
  std::string symbols;
  for (const std::string& token : training.special) {
    if (token == "[PAD]") {
      options["pad_piece"] = token;
    } else if (token == "[UNK]") {
      options["unk_piece"] = token;
    } else {
      symbols += concat(symbols.empty() ? "" : ",", token);
    }
  }
  if (!symbols.empty()) options["control_symbols"] = symbols;
  Sentences sentences(texts);
  std::string model;
  const absl::Status status = spm::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!status.ok()) {
    throw Error(Exit::bad_recipe,
                concat(place, ": SentencePiece cannot train a ", training.type, " model of ",
                       training.vocabulary, " pieces on ", texts.size(), " texts (",
                       std::string(status.message()), "). Set vocab to another number."));
  }
  return model;
}

}  // namespace weft::host
