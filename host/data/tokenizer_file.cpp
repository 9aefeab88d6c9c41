// SPDX-License-Identifier: Apache-2.0
#include "host/data/tokenizer_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/sentencepiece_vetting.hpp"
#include "host/data/tokenizer_json.hpp"

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

std::int64_t tokenizer_file_vocabulary(const std::string& path) {
  const std::string bytes = read_tokenizer_file(path);
  const std::string name = concat("The tokenizer ", path);
  if (is_tokenizer_json(bytes)) return read_tokenizer_json(bytes, name).vocabulary;
  return static_cast<std::int64_t>(vet_sentencepiece(bytes, name));
}

}  // namespace weft::host
