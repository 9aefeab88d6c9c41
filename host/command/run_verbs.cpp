// SPDX-License-Identifier: Apache-2.0
#include "host/command/run_verbs.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <filesystem>

namespace weft::host {

namespace po = boost::program_options;

void add_run_option(po::options_description& shown, const std::string& name, Options& options) {
  auto option = shown.add_options();
  if (name == "svg")
    option("svg", po::value(&options.svg)->value_name("FILE"),
           "plan: draw the graph of the first stage, with its views, as a picture");
  else if (name == "steps")
    option("steps", po::value(&options.steps)->value_name("N"),
           "plan: measure the time of so many steps of each stage; 0: no time (default: 5). "
           "verify-resume: train so many steps of each stage; 0: all (default: 12)");
  else if (name == "dry-run")
    option("dry-run", po::bool_switch(&options.dry_run),
           "open parts and data, say what would be trained and where, and end; no file is made");
  else if (name == "verbose")
    option("verbose,v", po::bool_switch(&options.verbose),
           "a line for every step, with all losses and the norm of the gradient");
  else if (name == "fix")
    option("fix", po::bool_switch(&options.fix),
           "write into the recipe what is certain: renamed keys, and names with one letter wrong "
           "that can only be one other");
  else if (name == "man")
    option(
        "man", po::bool_switch(&options.man),
        "help: print the manual page of the verb, or write all of them into the folder of --out");
  else if (name == "log-file")
    option("log-file", po::value(&options.log_file)->value_name("FILE"),
           "also append what is told on standard error to this file");
  else
    option("help,h", "print this");
}

void take_short_overrides(const Verb& verb, Options& options) {
  if (std::ranges::find(verb.options, "set") == verb.options.end()) return;
  std::vector<std::string>& operands = options.operands;
  const auto is_override = [&](const std::string& word) {
    const std::size_t equals = word.find('=');
    return equals != std::string::npos && equals > 0 && word.find('/') > equals &&
           &word != &operands.front() && !std::filesystem::exists(word);
  };
  std::vector<std::string> rest;
  for (const std::string& word : operands)
    (is_override(word) ? options.overrides : rest).push_back(word);
  if (rest.size() < operands.size()) options.given.emplace_back("set");
  operands = rest;
}

}  // namespace weft::host
