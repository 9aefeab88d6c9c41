// SPDX-License-Identifier: Apache-2.0
/// Command lines of the verbs, on Boost.Program_options.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "host/registry/registry.hpp"

namespace weft::host {

/// What the verbs accept; each verb declares those it reads.
/// What stands for the verb's own number of steps, where none is given.
constexpr std::int64_t k_own_steps = std::numeric_limits<std::int64_t>::min();

struct Options {
  std::vector<std::string> given;      ///< the options that were named, without dashes
  std::vector<std::string> operands;   ///< recipes, run folders, plug-ins
  std::vector<std::string> overrides;  ///< --set PATH=VALUE
  std::vector<std::string> plugins;    ///< --plugins FOLDER
  std::string run;                     ///< --run FOLDER
  std::string split;                   ///< --split train|val|test
  std::string tier = "c-abi", torch;   ///< --tier and --torch, of a plug-in to seal
  int level = 9;                       ///< --level N, of `plugin check`
  std::string config = "{}";           ///< --config JSON, of the part to check
  std::vector<std::string> sizes;      ///< --size SYMBOL=N, of the part's port shapes
  std::string data;                    ///< --data NAME, a data section
  std::string out;                     ///< --out FILE, or PREFIX of `data pack`
  std::int64_t count = 24;             ///< --count N, examples of `data show`
  std::int64_t interval = 0;  ///< --interval N: drawings of the bootstrap; 0: what the recipe says
  std::int64_t samples = 0;   ///< --samples N, of a shard of `data pack` (0: any number); to show,
                              ///< of `eval`
  std::int64_t bytes = 0;     ///< --bytes B, of the same
  double seconds = 10;        ///< --seconds S, of `data bench`
  bool training = false;      ///< --training, of `data show`
  int threads = 0;            ///< --threads N; 0: the recipe's, else the machine's
  std::string device;         ///< --device DEVICE; empty: WEFT_DEVICE, else cpu
  std::string type = "unigram";  ///< --type TYPE, --vocab N, --special TOKEN, of `tokenizer train`
  int vocabulary = 0;
  std::vector<std::string> special;
  int texts = 0;                    ///< --texts N, of the same; 0: all
  bool pieces = false;              ///< --pieces, of `tokenizer encode`
  std::vector<std::string> fields;  ///< --field NAME=VALUE, --input FILE, --wire NODE.PORT, of
  std::string input;                ///< `predict`
  std::vector<std::string> wires;
  /// KEY=VALUE of the entries of `evaluate.generate`, --KEY VALUE of `generate`; --chat
  std::vector<std::string> generation;
  bool chat = false;
  bool resume = false, overwrite = false, quiet = false, json = false;
  std::vector<std::string> over;   ///< --over PATH=VALUE,…, of `sweep`
  std::string seeds;               ///< --seeds N, or S1,S2,…, of the same
  int jobs = 0;                    ///< --jobs N, of the same; 0: the sweep's, else 1
  bool compare = false;            ///< --compare, of the same
  std::vector<std::string> lower;  ///< --lower METRIC, of `compare`
  std::string html;                ///< --html FILE, of the same
  bool tensorboard = false;        ///< --tensorboard, of `train`
  std::string stop_at;             ///< --stop-at STAGE-STEP, of the same
  std::string target;              ///< --target COLUMN, of `new recipe`; --to FORMAT, of `convert`
  bool expand = false;             ///< --expand, of `check`
  std::int64_t chaos = 0;          ///< --chaos STEPS, of `doctor`; 0: none
  bool check = false;              ///< --check, of `format`
  bool to_stdout = false;          ///< --stdout, of `migrate`
  bool locked = false;             ///< --locked, of `eval`: refuse what only warns
  bool allow_commands = false;  ///< --allow-commands: the recipe's data may be a command's output
  std::string svg;              ///< --svg FILE, of `plan`
  std::int64_t steps = k_own_steps;  ///< --steps N, of `plan` and `verify-resume`
  bool dry_run = false;              ///< --dry-run, of `train`
  bool verbose = false;              ///< --verbose
  bool fix = false;                  ///< --fix, of `check`
  bool man = false;                  ///< --man, of `help`
  std::string log_file;              ///< --log-file FILE, of every verb
};

/// One verb, a row of verb_table.cpp.
struct Verb {
  const char* name;
  const char* operands;  ///< as shown in the usage line
  const char* summary;
  std::vector<std::string> options;  ///< by their long names, without dashes
  std::size_t min_operands, max_operands;
  std::vector<std::string> examples;  ///< command lines, for its help and its manual page
  std::function<void(const Options&)> run;
};

/// An option for people and shells, made of the table that reads it.
struct OptionHelp {
  std::string name;   ///< "run", without dashes
  std::string brief;  ///< "q", or empty
  std::string value;  ///< "FOLDER"; empty for a switch
  std::string text;
};

/// What the verb accepts, --help and --log-file among it.
std::vector<OptionHelp> options_of(const Verb& verb);

/// All verbs in the order in which `weft --help` lists them.
const std::vector<Verb>& verbs();

/// @throws Error (usage) with what is wrong and how to get help
Options parse_options(const Verb& verb, const std::vector<std::string>& arguments);

/// Usage, options and exit codes of one verb.
std::string help(const Verb& verb);
/// The verbs.
std::string help();

/// The verb of this name. @throws Error (usage) with what it may have been meant to be
const Verb& verb_named(const std::string& name);

/// Folders that --plugins names, or else WEFT_PLUGIN_PATH and the installed ones.
std::vector<std::filesystem::path> search_path(const Options& options);

}  // namespace weft::host
