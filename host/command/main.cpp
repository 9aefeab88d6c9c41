// SPDX-License-Identifier: Apache-2.0
/// The program `weft`: a thin front end. Verbs that compute live in libweft_run.so, which is opened
/// only for them, because loading LibTorch takes a third of a second.

#include <dlfcn.h>

#include <cstdio>
#include <exception>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/verbs.hpp"

namespace weft::host {
namespace {

/// Calls a verb of libweft_run.so, which lies beside this program in ../lib.
void run_computing(const char* symbol, const Options& options) {
  const auto library = installed_prefix() / "lib" / "libweft_run.so";
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    throw Error(Exit::io, concat("the computing half of weft cannot be loaded: ", dlerror(),
                                 ". Build or install it again."));
  const auto verb = reinterpret_cast<ComputingVerb>(dlsym(handle, symbol));
  if (verb == nullptr)
    throw Error(Exit::io, concat(library.string(),
                                 " is of another version of weft. Build or "
                                 "install both together."));
  // Errors come back as values: exception types of two libraries need not be the same.
  const VerbResult result = verb(options);
  if (result.exit != Exit::ok) throw Error(result.exit, result.sentence);
}

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
