// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/computing/given_example.hpp"
#include "host/command/computing/ranks.hpp"
#include "host/session/prediction.hpp"
#include "host/session/shared_run.hpp"

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
    if (!answer.texts.empty() && answer.texts.front().is_complete)
      json["complete"] = *answer.texts.front().is_complete;
  }
  if (answer.target) json["target"] = *answer.target;
  if (at = 0; !answer.target_values.empty())
    json["target"] = nested(answer.target_values, answer.sizes, 0, at);
  return json;
}

/// The line of a prediction.
std::string line_of(const Prediction& prediction, const Predictor& predictor) {
  OrderedJson line{{"key", prediction.key}};
  for (const Answer& answer : prediction.answers)
    line[answer.name] = json_of(answer, predictor.classes(answer.name));
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

/// The ranks take turns, a batch each, and the first prints the lines of all in their order.
void predict_on(const Options& options, const World& world, Collective& ranks) {
  RankObserver told(options, world);
  const SessionSettings settings = session_settings(options, world.local_size);
  TrainedRun run = open_run_together(options.operands[0], settings, Opens::none, options.locked,
                                     told.observer(), ranks);
  PredictSettings how{options.data, options.wires, 0};
  how.ranks = &ranks;
  std::string lines;
  how.after_round = [&] {
    for (const std::string& text : ranks.texts(std::exchange(lines, "")))
      if (world.rank == 0) std::cout << text;
  };
  Predictor predictor(std::move(run), settings, std::move(how));
  const auto take = [&](const Prediction& one) { lines += line_of(one, predictor); };
  ranks.note("the predictions", 0);
  if (!options.input.empty())
    predictor.predict_shard(std::filesystem::absolute(options.input), take);
  else if (options.fields.empty())
    predictor.predict_split(split_named(options.split.empty() ? "test" : options.split), take);
  else if (world.rank == 0)
    std::cout << line_of(predictor.predict(example_of(options, predictor)), predictor);
}

}  // namespace

void predict(const Options& options) {
  const int ways = !options.fields.empty() + !options.input.empty() + !options.split.empty();
  if (ways > 1)
    throw Error(Exit::usage, "--field, --input and --split name what to predict: give one.");
  among_ranks(options.operands[0],
              [&](const World& world, Collective& ranks) { predict_on(options, world, ranks); });
}

}  // namespace weft::host

WEFT_EXPORT_VERB(predict, predict)
