// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/computing/given_example.hpp"
#include "host/session/prediction.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// --generation KEY=VALUE as overrides of every entry of the run's recipe.
std::vector<std::string> overrides_of(const Options& options) {
  std::vector<std::string> places;
  std::ifstream file(std::filesystem::path(options.operands[0]) / "recipe.json");
  const auto recipe = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer at("/evaluate/generate");
  if (!recipe.is_discarded() && recipe.contains(at) && recipe[at].is_array())
    for (std::size_t i = 0; i < recipe[at].size(); ++i)
      places.push_back(concat("evaluate.generate.", i, "."));
  else
    places.emplace_back("evaluate.generate.");
  std::vector<std::string> all = options.overrides;
  for (const std::string& one : options.generation) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Exit::usage, concat("--generation takes KEY=VALUE, found \"", one, "\"."));
    // One stop text is a list of one.
    const bool is_text = one.starts_with("stop=") && !one.starts_with("stop=[");
    const std::string value =
        is_text ? nlohmann::json::array({one.substr(equals + 1)}).dump() : one.substr(equals + 1);
    for (const std::string& place : places)
      all.push_back(concat(place, one.substr(0, equals), "=", value));
  }
  return all;
}

/// Prints texts as they grow, and those that are only known at the end.
class Printer {
 public:
  /// @param json  one line an example instead, at its end
  Printer(bool json, std::size_t decoders) : json_(json), names_(decoders > 1) {}

  void grow(const std::string& node, const std::string& more) {
    if (json_) return;
    begin(node);
    std::cout << more << std::flush;
  }

  void end(const Prediction& prediction) {
    if (json_) return print_json(prediction);
    for (const Answer& answer : prediction.answers) {
      if (std::ranges::find(grown_, answer.name) != grown_.end()) continue;
      for (const WrittenText& one : answer.texts) {
        begin(answer.name);
        std::cout << one.text;
        last_.clear();
        std::cout << "\n";
      }
    }
    if (!last_.empty()) std::cout << "\n";
    last_.clear();
    grown_.clear();
    std::cout << std::flush;
    for (const Answer& answer : prediction.answers) tell_incomplete(answer);
  }

 private:
  /// Where several decoders write, each text stands behind its decoder's name.
  void begin(const std::string& node) {
    if (node == last_) return;
    if (!last_.empty()) std::cout << "\n";
    if (names_) std::cout << node << ": ";
    last_ = node;
    grown_.push_back(node);
  }

  static void tell_incomplete(const Answer& answer) {
    const auto cut = std::ranges::count_if(
        answer.texts, [](const WrittenText& one) { return one.is_complete == false; });
    if (cut > 0)
      std::cerr << "weft: " << cut << " of " << answer.texts.size() << " texts of \"" << answer.name
                << "\" ended before their constraint lets them end. Raise max_length.\n";
  }

  static void print_json(const Prediction& prediction) {
    OrderedJson line{{"key", prediction.key}};
    for (const Answer& answer : prediction.answers) {
      OrderedJson texts = OrderedJson::array();
      for (const WrittenText& one : answer.texts) {
        texts.push_back({{"text", one.text},
                         {"log_probability", one.log_probability},
                         {"score", one.score},
                         {"tokens", one.tokens}});
        if (one.is_complete) texts.back()["complete"] = *one.is_complete;
      }
      line[answer.name] = texts;
    }
    std::cout << line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << "\n"
              << std::flush;
  }

  bool json_, names_;
  std::string last_;  // whose text stands on the line
  std::vector<std::string> grown_;
};

/// The text field that a line of the chat is: of those that must be given the only one that is
/// neither a picture nor a recording.
std::string question_field(const Predictor& predictor) {
  std::vector<std::string> texts;
  for (const std::string& field : predictor.required())
    if (!predictor.is_media(field)) texts.push_back(field);
  return texts.size() == 1 ? texts.front() : "";
}

/// Lines of standard input: "/NAME VALUE" gives a field until it is given anew; any other line is
/// the question, and is answered; an empty one is answered with what there is.
void chat(Predictor& predictor, GivenExample example, Printer& printer) {
  const std::string question = question_field(predictor);
  for (std::string line; std::getline(std::cin, line);) {
    try {
      if (line.starts_with("/")) {
        const std::size_t space = std::min(line.find(' '), line.size());
        const std::string name = line.substr(1, space - 1);
        const std::string value = space < line.size() ? line.substr(space + 1) : "";
        give_field(predictor, name, value, example);
        continue;
      }
      if (!line.empty() && question.empty())
        throw Error(Exit::usage,
                    concat("a line is no question here: the model must be given ",
                           enumerate({predictor.required().begin(), predictor.required().end()}),
                           ". Give each as /NAME VALUE, then an empty line."));
      if (!line.empty()) example.fields[question] = line;
      printer.end(predictor.predict(example));
    } catch (const Error& error) {
      if (error.exit() == Exit::plugin) throw;
      std::cerr << "weft: " << error.what() << "\n";  // the next line may mend it
      if (line.starts_with("/")) continue;
      std::erase_if(example.fields,
                    [&](const auto& field) { return !predictor.known().contains(field.first); });
    }
  }
}

}  // namespace

void generate(const Options& options) {
  Console console(options);
  SessionSettings settings = session_settings(options);
  settings.overrides = overrides_of(options);
  Printer* shown = nullptr;
  PredictSettings predict{options.data,
                          {},
                          0,
                          /*only_texts=*/true,
                          [&](const std::string& node, std::size_t, const std::string& more) {
                            if (shown != nullptr) shown->grow(node, more);
                          }};
  TrainedRun run = open_run(options.operands[0], settings, Opens::none, options.locked, console);
  Printer printer(options.json, run.session.recipe.evaluate.generate.size());
  shown = &printer;
  Predictor predictor(std::move(run), settings, std::move(predict));
  const GivenExample example = example_of(options, predictor);
  if (options.chat) return chat(predictor, example, printer);
  printer.end(predictor.predict(example));
}

}  // namespace weft::host

WEFT_EXPORT_VERB(generate, generate)
