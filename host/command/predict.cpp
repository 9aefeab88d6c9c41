// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/console.hpp"
#include "host/command/verbs.hpp"
#include "host/session/prediction.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Row-major values as nested lists.
OrderedJson nested(const std::vector<float>& values, const std::vector<std::int64_t>& sizes,
                   std::size_t axis, std::size_t& at) {
  if (axis == sizes.size()) return values[at++];
  OrderedJson list = OrderedJson::array();
  for (std::int64_t i = 0; i < sizes[axis]; ++i)
    list.push_back(nested(values, sizes, axis + 1, at));
  return list;
}

OrderedJson json_of(const Answer& answer, const std::vector<std::string>& classes) {
  OrderedJson json = OrderedJson::object();
  std::size_t at = 0;
  if (answer.index) {
    json = {{"class", answer.text}, {"index", *answer.index}};
    OrderedJson scores = OrderedJson::object();
    for (std::size_t i = 0; i < classes.size(); ++i) scores[classes[i]] = answer.scores[i];
    json["scores"] = scores;
  } else if (!answer.sizes.empty() || !answer.values.empty()) {
    json["values"] = nested(answer.values, answer.sizes, 0, at);
  } else {
    json["text"] = answer.text;
  }
  if (answer.target) json["target"] = *answer.target;
  if (at = 0; !answer.target_values.empty())
    json["target"] = nested(answer.target_values, answer.sizes, 0, at);
  return json;
}

/// The bytes of a file that the user named.
std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf()))
    throw Error(Exit::no_input, concat(path, " cannot be read. Check the path after --field."));
  return bytes.str();
}

/// The example that --field NAME=VALUE describes: a text is the value, a picture or a recording
/// the file that the value names.
GivenExample example_of(const Options& options, const Predictor& predictor) {
  GivenExample example{"input", {}};
  for (const std::string& field : options.fields) {
    const std::size_t equals = field.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Exit::usage, concat("--field takes NAME=VALUE, found \"", field, "\"."));
    const std::string name = field.substr(0, equals), value = field.substr(equals + 1);
    if (!example.fields.emplace(name, predictor.is_media(name) ? bytes_of(value) : value).second)
      throw Error(Exit::usage, concat("--field names \"", name, "\" twice."));
  }
  return example;
}

}  // namespace

void predict(const Options& options) {
  const int ways = !options.fields.empty() + !options.input.empty() + !options.split.empty();
  if (ways > 1)
    throw Error(Exit::usage, "--field, --input and --split name what to predict: give one.");
  Console console(options);
  const SessionSettings settings = session_settings(options);
  Predictor predictor(open_run(options.operands[0], settings, Opens::none, options.locked, console),
                      settings, {options.data, options.wires, 0});
  const auto print = [&](const Prediction& prediction) {
    OrderedJson line{{"key", prediction.key}};
    for (const Answer& answer : prediction.answers)
      line[answer.name] = json_of(answer, predictor.classes(answer.name));
    std::cout << line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << "\n";
  };
  if (!options.fields.empty())
    print(predictor.predict(example_of(options, predictor)));
  else if (!options.input.empty())
    predictor.predict_shard(std::filesystem::absolute(options.input), print);
  else
    predictor.predict_split(split_named(options.split.empty() ? "test" : options.split), print);
}

}  // namespace weft::host
