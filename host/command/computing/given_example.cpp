// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/given_example.hpp"

#include <fstream>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {
namespace {

/// The bytes of a file that the user named; also of a pipe, such as `<(curl …)`.
std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  std::vector<char> piece(std::size_t{1} << 16);
  while (file.read(piece.data(), std::ssize(piece)), file.gcount() > 0) {
    bytes.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > k_largest_member)
      throw Error(Exit::bad_data,
                  concat(path, " has more than ", k_largest_member, " bytes; no more are read."));
  }
  if (!file.eof())
    throw Error(Exit::no_input, concat(path, " cannot be read. Check the path after --field."));
  return bytes;
}

}  // namespace

void give_field(const Predictor& predictor, const std::string& name, const std::string& value,
                GivenExample& example) {
  const bool is_file = predictor.is_media(name);
  example.fields[name] = is_file ? bytes_of(value) : value;
  if (is_file) example.files[name] = value;
}

GivenExample example_of(const Options& options, const Predictor& predictor) {
  GivenExample example{"input", {}};
  for (const std::string& field : options.fields) {
    const std::size_t equals = field.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Exit::usage, concat("--field takes NAME=VALUE, found \"", field, "\"."));
    const std::string name = field.substr(0, equals), value = field.substr(equals + 1);
    if (example.fields.contains(name))
      throw Error(Exit::usage, concat("--field names \"", name, "\" twice."));
    give_field(predictor, name, value, example);
  }
  return example;
}

}  // namespace weft::host
