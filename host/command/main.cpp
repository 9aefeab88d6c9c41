// SPDX-License-Identifier: Apache-2.0
/// The program `weft`: a thin front end.

#include <cstdio>
#include <exception>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/verbs.hpp"

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
    if (arguments[0] == "plugin") return plugin(options);
    if (arguments[0] == "new") return new_part(options);
    if (arguments[0] == "data") return run_computing("weft_run_data", options);
    if (arguments[0] == "tokenizer") return run_computing("weft_run_tokenizer", options);
    return run_computing(arguments[0] == "train" ? "weft_run_train" : "weft_run_eval", options);
  }
  throw Error(Exit::usage, concat("weft: no verb is called \"", arguments[0], "\".",
                                  suggestion(arguments[0], names)));
}

}  // namespace
}  // namespace weft::host

int main(int argc, char** argv) {
  try {
    weft::host::run({argv + 1, argv + argc});
    return 0;
  } catch (const weft::host::Error& error) {
    std::cerr << "weft: error: " << error.what() << "\n";
    return static_cast<int>(error.exit());
  } catch (const std::exception& error) {
    std::cerr << "weft: internal error: " << error.what() << "\n";
    return static_cast<int>(weft::host::Exit::plugin);
  }
}
