// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/text/sentencepiece/sentencepiece_vetting.hpp"
#include "host/data/text/tokenizer.hpp"
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

namespace weft::host {

std::string read_tokenizer_file(const std::string& path) {
  std::error_code problem;
  const std::uintmax_t size = std::filesystem::file_size(path, problem);
  if (problem) {
    throw Error(Exit::no_input,
                concat("The tokenizer ", path, " cannot be opened (", problem.message(), ")."));
  }
  if (size > k_largest_tokenizer) {
    throw Error(Exit::bad_data, concat("The tokenizer ", path, " has ", size, " bytes; at most ",
                                       k_largest_tokenizer, " are read."));
  }
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) {
    throw Error(Exit::io, concat("The tokenizer ", path, " cannot be read. Copy it again."));
  }
  return bytes;
}

TokenizerSummary summary_of_file(const std::string& path) {
  const std::string bytes = read_tokenizer_file(path);
  const std::string name = concat("The tokenizer ", path);
  TokenizerSummary summary;
  if (is_tokenizer_json(bytes)) {
    const TokenizerJson json = read_tokenizer_json(bytes, name);
    const auto id = [](const std::optional<std::int32_t>& known) { return known.value_or(-1); };
    summary = {json.vocabulary,
               {id(json.begin), id(json.end), id(json.pad), id(json.model.unknown)}};
  } else {
    const SentencePieceSummary model = vet_sentencepiece(bytes, name);
    summary = {static_cast<std::int64_t>(model.pieces), model.special};
  }
  SpecialIds& special = summary.special;
  if (special.pad < 0) special.pad = std::max<std::int64_t>(special.end, 0);
  return summary;
}

TokenizerSummary summary_of_training(const TokenizerTraining& training) {
  SpecialIds special{k_begin, k_end, k_pad, k_unknown};
  std::int64_t next = k_end + 1;
  for (const std::string& token : training.special) {
    if (token == "[PAD]" || token == "[UNK]") continue;
    if (token == "[CLS]") special.begin = next;
    if (token == "[SEP]") special.end = next;
    ++next;
  }
  return {training.vocabulary, special};
}

}  // namespace weft::host
