// SPDX-License-Identifier: Apache-2.0
/// The program `weft`: a thin front end.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/ending.hpp"
#include "host/command/process.hpp"
#include "host/command/verbs.hpp"
#include "host/registry/crash_report.hpp"

namespace weft::host {
namespace {

void run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
      arguments[0] == "help") {
    std::cout << help();
    return;
  }
  if (arguments[0] == "--version") {
    std::cout << "weft " WEFT_VERSION "\n";
    return;
  }
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    names.emplace_back(verb.name);
    if (arguments[0] != verb.name) continue;
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    for (const std::string& word : rest)
      if (word == "--help" || word == "-h") {
        std::cout << help(verb);
        return;
      }
    const Options options = parse_options(verb, rest);
    if (arguments[0] == "check") return check(options);
    if (arguments[0] == "explain") return explain(options);
    if (arguments[0] == "format") return format(options);
    if (arguments[0] == "migrate") return migrate_recipes(options);
    if (arguments[0] == "plugin") return plugin(options);
    if (arguments[0] == "new" && options.operands[0] == "recipe")
      return run_computing("weft_run_new_recipe", options);
    if (arguments[0] == "new") return new_part(options);
    if (arguments[0] == "data") return run_computing("weft_run_data", options);
    if (arguments[0] == "predict") return run_computing("weft_run_predict", options);
    if (arguments[0] == "tokenizer") return run_computing("weft_run_tokenizer", options);
    return run_computing(arguments[0] == "train" ? "weft_run_train" : "weft_run_eval", options);
  }
  throw Error(Exit::usage, concat("weft: no verb is called \"", arguments[0], "\".",
                                  suggestion(arguments[0], names)));
}

/// Whether the verb is asked for one JSON document.
bool wants_json(const std::vector<std::string>& arguments) {
  const auto offers_json = [&](const Verb& verb) {
    return !arguments.empty() && verb.name == arguments[0] &&
           std::ranges::find(verb.options, "json") != verb.options.end();
  };
  return std::ranges::any_of(verbs(), offers_json) &&
         std::ranges::find(arguments, "--json") != arguments.end();
}

/// Runs what the arguments say. With --json standard output holds one document: the verb's, or if
/// it wrote none before it failed, that of the failure.
Ending attempt(const std::vector<std::string>& arguments) {
  const bool json = wants_json(arguments);
  std::ostringstream document;
  std::streambuf* const output = json ? std::cout.rdbuf(document.rdbuf()) : nullptr;
  Ending ending;
  try {
    run(arguments);
  } catch (...) {
    ending = current_ending();
  }
  if (json) {
    std::cout.rdbuf(output);
    std::cout << (document.str().empty() && ending.exit != Exit::ok ? json_text(ending)
                                                                    : document.str());
  }
  return ending;
}

/// What was printed must have arrived.
void require_output(Ending& ending) {
  errno = 0;
  if (std::cout.flush() || ending.exit != Exit::ok) return;
  ending = {Exit::io,
            concat("standard output cannot be written",
                   errno != 0 ? concat(": ", std::strerror(errno)) : "",
                   ". Send it to a file or a program that takes it."),
            {}};
}

}  // namespace
}  // namespace weft::host

int main(int argc, char** argv) {
  weft::host::open_standard_streams();
  weft::host::fail_writes_instead_of_ending();
  weft::host::report_crashes("");
  weft::host::Ending ending = weft::host::attempt({argv + std::min(argc, 1), argv + argc});
  weft::host::require_output(ending);
  if (!ending.sentence.empty()) std::cerr << "weft: error: " << ending.sentence << "\n";
  return static_cast<int>(ending.exit);
}
