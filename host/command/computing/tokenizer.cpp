// SPDX-License-Identifier: Apache-2.0
/// `weft tokenizer`: trains one, and shows what one does to lines of text.

#include "host/data/text/tokenizer.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/data/storage/text_shard.hpp"
#include "host/data/text/tokenizer_file.hpp"
#include "host/session/session.hpp"

namespace weft::host {
namespace {

using Operands = std::vector<std::string>;

[[noreturn]] void wrong(const std::string& what) {
  throw Error(Exit::usage, concat("weft tokenizer ", what, " `weft tokenizer --help` shows how."));
}

bool is_given(const Options& options, const char* name) {
  return std::ranges::find(options.given, name) != options.given.end();
}

/// The lines that hold something.
void add_lines(const std::string& path, TrainingTexts& texts) {
  Lines lines(path, "text file");
  while (const std::optional<std::string_view> line = lines.next()) texts.add(std::string(*line));
}

std::string model_of_files(const Options& options, const Operands& files) {
  const TokenizerTraining training{options.type, options.vocabulary, options.special,
                                   options.texts};
  if (const auto [key, expected] = misfit(training).value_or(std::pair<std::string, std::string>());
      !key.empty()) {
    wrong(concat("train: --", key == "vocab_size" ? "vocab" : key, " takes ", expected, "."));
  }
  TrainingTexts texts(training.type, static_cast<std::size_t>(training.texts));
  for (const std::string& path : files) add_lines(path, texts);
  if (texts.size() == 0) {
    throw Error(Exit::bad_data, "the text files hold no line with text in it. Name others.");
  }
  return train_sentencepiece(training, texts, "weft tokenizer train");
}

/// What training the recipe would use; its tokenizer is learned if it is not there yet.
std::string model_of_recipe(const Options& options, const Operands& files) {
  for (const char* name : {"type", "vocab", "special", "texts"}) {
    if (is_given(options, name)) {
      wrong(concat("train: with --data the recipe says ", name, "; set it there, or by --set."));
    }
  }
  if (files.size() != 1)
    wrong(concat("train: --data goes with one recipe, found ", files.size(), "."));
  const Recipe recipe = read_recipe(files[0], options.overrides);
  const auto plan = std::ranges::find(recipe.data, options.data, &DataPlan::name);
  if (plan == recipe.data.end()) {
    std::vector<std::string> names;
    for (const DataPlan& data : recipe.data) names.push_back(data.name);
    throw Error(Exit::usage,
                concat("weft tokenizer train: no data section of ", files[0], " is called \"",
                       options.data, "\".", suggestion(options.data, names)));
  }
  const Dataset data =
      Dataset::open(plan->name, plan->config, cache_folder(), nullptr, "", commands_of(options));
  if (data.tokenizer_path().empty()) {
    throw Error(Exit::bad_recipe,
                concat("data \"", options.data, "\" has no tokenizer. Add one to the section."));
  }
  return read_tokenizer_file(data.tokenizer_path());
}

void train_model(const Options& options, const Operands& files) {
  if (options.out.empty()) wrong("train: --out FILE is missing.");
  if (std::filesystem::exists(options.out) && !options.overwrite) {
    throw Error(Exit::cannot_create,
                concat(options.out, " exists already. Name another file, or add --overwrite."));
  }
  for (const char* name : {"set", "allow-commands"}) {
    if (options.data.empty() && is_given(options, name)) {
      wrong(concat("train: --", name, " goes with --data."));
    }
  }
  const std::string model =
      options.data.empty() ? model_of_files(options, files) : model_of_recipe(options, files);
  write_text(options.out, model);
  const Tokenizer made = Tokenizer::from_bytes(model, "The tokenizer");
  std::cout << printable(options.out) << " holds " << made.vocabulary() << " tokens.\n";
}

void print_encoded(const Options& options, const Operands& files) {
  const Tokenizer tokenizer = Tokenizer::load(files[0]);
  for (std::string line; std::getline(std::cin, line);) {
    std::string row;
    for (const std::int32_t id : tokenizer.encode(line)) {
      row +=
          concat(row.empty() ? "" : " ", options.pieces ? tokenizer.piece(id) : std::to_string(id));
    }
    std::cout << row << '\n';
  }
}

void print_decoded(const Options&, const Operands& files) {
  const Tokenizer tokenizer = Tokenizer::load(files[0]);
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    std::vector<std::int64_t> ids;
    const char* const end = line.data() + line.size();
    for (const char* at = line.data(); at != end;) {
      if (*at == ' ') {
        ++at;
        continue;
      }
      std::int64_t id = 0;
      const auto [next, fault] = std::from_chars(at, end, id);
      if (fault != std::errc()) {
        throw Error(Exit::bad_data, concat("line ", number,
                                           " of standard input: expected ids with blanks between "
                                           "them, found \"",
                                           line, "\"."));
      }
      ids.push_back(id);
      at = next;
    }
    std::cout << tokenizer.decode(ids) << '\n';
  }
}

struct Action {
  const char* name;
  bool takes_several;
  std::vector<std::string> options;  ///< those of the verb that it reads
  void (*run)(const Options&, const Operands&);
};

const std::vector<Action>& actions() {
  static const std::vector<Action> all = {
      {"train",
       true,
       {"data", "out", "type", "vocab", "special", "texts", "overwrite", "set", "allow-commands"},
       train_model},
      {"encode", false, {"pieces"}, print_encoded},
      {"decode", false, {}, print_decoded}};
  return all;
}

}  // namespace

void tokenizer(const Options& options) {
  const std::string& what = options.operands[0];
  const Operands files(options.operands.begin() + 1, options.operands.end());
  std::vector<std::string> names;
  for (const Action& action : actions()) {
    names.emplace_back(action.name);
    if (what != action.name) continue;
    for (const std::string& name : options.given) {
      if (std::ranges::find(action.options, name) == action.options.end()) {
        wrong(concat(what, ": --", name, " is not for this action."));
      }
    }
    if (!action.takes_several && files.size() > 1) {
      wrong(concat(what, ": expected one file, found ", files.size(), "."));
    }
    return action.run(options, files);
  }
  throw Error(Exit::usage, concat("weft tokenizer: no action is called \"", what, "\".",
                                  suggestion(what, names)));
}

}  // namespace weft::host

WEFT_EXPORT_VERB(tokenizer, tokenizer)
