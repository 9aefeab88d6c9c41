// SPDX-License-Identifier: Apache-2.0
#include "host/command/options.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/run_verbs.hpp"

namespace weft::host {
namespace {

namespace po = boost::program_options;

constexpr const char* exit_codes =
    "Exit codes: 0 done, 1 the run failed, 2 wrong usage, 65 damaged data, 66 missing file,\n"
    "70 plug-in failed, 71 out of memory, 73 output cannot be created, 74 reading or writing "
    "failed,\n"
    "75 interrupted and resumable, 76 plug-in of another ABI, 77 wrong checkpoint, 78 wrong "
    "recipe.\n";

/// Every option there is; a verb shows and accepts those it names.
void add(po::options_description& shown, const std::string& name, Options& options) {
  const auto list = [](std::vector<std::string>& values) {
    return po::value(&values)->composing();
  };
  auto option = shown.add_options();
  if (name == "set")
    option("set", list(options.overrides)->value_name("PATH=VALUE"),
           "override a value of the recipe, e.g. graph.fusion.use=fusion.concat");
  else if (name == "plugins")
    option("plugins", list(options.plugins)->value_name("FOLDER"),
           "look for plug-ins here instead of in WEFT_PLUGIN_PATH and the installed folder");
  else if (name == "run")
    option(
        "run", po::value(&options.run)->value_name("FOLDER"),
        "run folder to write (default: runs/NAME of the recipe, with date and hash behind it where "
        "that holds a run; rerun: RUN-again)");
  else if (name == "resume")
    option("resume", po::bool_switch(&options.resume),
           "go on from the run folder's newest checkpoint");
  else if (name == "overwrite")
    option("overwrite", po::bool_switch(&options.overwrite), "replace what is there");
  else if (name == "locked")
    option("locked", po::bool_switch(&options.locked),
           "refuse (77) anything else than weft.lock says instead of warning; train: the weft.lock "
           "beside the recipe, or with --resume the run's");
  else if (name == "allow-commands")
    option("allow-commands", po::bool_switch(&options.allow_commands),
           "run the commands (pipe:COMMAND) that the recipe reads shards from");
  else if (name == "threads")
    option("threads", po::value(&options.threads)->value_name("N"),
           "threads for tensor operations (default: all cores)");
  else if (name == "device")
    option("device", po::value(&options.device)->value_name("DEVICE"),
           "cpu, cuda, cuda:N or auto (default: the variable WEFT_DEVICE, else cpu)");
  else if (name == "nproc")
    option("nproc", po::value<int>()->value_name("N"), "start so many processes");
  else if (name == "chaos")
    option("chaos", po::value(&options.chaos)->value_name("STEPS"),
           "also train so many steps on three processes whose samples lack modalities at random, "
           "and compare with one process");
  else if (name == "restarts")
    option("restarts", po::value<int>()->value_name("R"),
           "when a process is lost, start all again up to so many times; the run goes on from its "
           "newest checkpoint");
  else if (name == "split")
    option("split", po::value(&options.split)->value_name("SPLIT"),
           "train, val or test (default: the recipe's; predict: test; data show, bench: train)");
  else if (name == "tier")
    option("tier", po::value(&options.tier)->value_name("TIER"),
           "seal: c-abi (default) or torch-full, for a plug-in that links LibTorch");
  else if (name == "torch")
    option("torch", po::value(&options.torch)->value_name("VERSION"),
           "seal: the LibTorch version of a torch-full plug-in");
  else if (name == "level")
    option("level", po::value(&options.level)->value_name("N"),
           "check: tests up to this level, 1 to 9 (default: 9)");
  else if (name == "config")
    option(
        "config", po::value(&options.config)->value_name("JSON"),
        "check: the configuration to test the parts with (default: {}); convert: values of nodes' "
        "configurations, {\"text\": {\"pooler\": true}}");
  else if (name == "size")
    option("size", list(options.sizes)->value_name("SYMBOL=N"),
           "check: what a symbol of the port shapes is to stand for");
  else if (name == "data")
    option("data", po::value(&options.data)->value_name("NAME"),
           "this data section of the recipe (predict: default the evaluation's; data check, stats: "
           "default all; show, bench: default "
           "the first stage's; tokenizer train: FILE is a recipe, learn as the section says)");
  else if (name == "out")
    option("out", po::value(&options.out)->value_name("PATH"),
           "show, report: the HTML page to write (report: default RUN/report.html); pack: what the "
           "shards' names begin with; tokenizer train: "
           "the model file; new recipe: the recipe to write (default: NAME.json); convert: the "
           "folder");
  else if (name == "to")
    option("to", po::value(&options.target)->value_name("FORMAT"),
           "weft (default), or hf: the files that transformers reads");
  else if (name == "target")
    option("target", po::value(&options.target)->value_name("COLUMN"),
           "new recipe: the column that is to be learned (default: as it seems, and as is said)");
  else if (name == "count")
    option("count", po::value(&options.count)->value_name("N"),
           "show, report: so many examples, 1 to 1000 (default: 24)");
  else if (name == "training")
    option("training", po::bool_switch(&options.training),
           "show: as training sees them, augmented and swapped");
  else if (name == "samples")
    option("samples", po::value(&options.samples)->value_name("N"),
           "pack: at most so many samples in a shard; eval: show so many with what is predicted, "
           "wrong ones first");
  else if (name == "interval")
    option("interval", po::value(&options.interval)->value_name("N"),
           "a 95 % interval of every metric, from N drawings of the rows; 1000 is usual (default: "
           "the recipe's)");
  else if (name == "bytes")
    option("bytes", po::value(&options.bytes)->value_name("B"),
           "pack: at most so many bytes of members in a shard (default: 1000000000, unless "
           "--samples is given)");
  else if (name == "seconds")
    option("seconds", po::value(&options.seconds)->value_name("S"),
           "bench: measure so long (default: 10)");
  else if (name == "type")
    option("type", po::value(&options.type)->value_name("TYPE"),
           "train: unigram (default), bpe, word or char");
  else if (name == "vocab")
    option("vocab", po::value(&options.vocabulary)->value_name("N"),
           "train: number of tokens, special ones included");
  else if (name == "special")
    option("special", list(options.special)->value_name("TOKEN"),
           "train: a token that no text holds, such as [MASK]; ids from 4 on");
  else if (name == "texts")
    option("texts", po::value(&options.texts)->value_name("N"),
           "train: learn from so many of the texts, each as likely (default: all)");
  else if (name == "pieces")
    option("pieces", po::bool_switch(&options.pieces), "encode: print pieces instead of ids");
  else if (name == "field")
    option("field", list(options.fields)->value_name("NAME=VALUE"),
           "predict: a field of the example: its text, or the file of its picture or recording; "
           "also --NAME VALUE");
  else if (name == "input")
    option("input", po::value(&options.input)->value_name("FILE"),
           "predict: the samples of an index of JSON lines, a tar or a text");
  else if (name == "generation")
    option(
        "generation", list(options.generation)->value_name("KEY=VALUE"),
        "a key of evaluate.generate, such as strategy=beam; also --strategy beam, --num-beams 4, "
        "--temperature 0.7, --top-p 0.9, --max-length 40, --num-return-sequences 3, --seed 7 …");
  else if (name == "chat")
    option("chat", po::bool_switch(&options.chat),
           "read questions from standard input, a line each; /NAME VALUE gives a field");
  else if (name == "wire")
    option("wire", list(options.wires)->value_name("NODE.PORT"),
           "predict: print the values of this output (default: the classes and texts that the "
           "recipe's metrics read)");
  else if (name == "expand")
    option("expand", po::bool_switch(&options.expand),
           "print the whole recipe as strict JSON, with everything filled in");
  else if (name == "check")
    option("check", po::bool_switch(&options.check),
           "change nothing; fail (1) if a file is not in the canonical form");
  else if (name == "stdout")
    option("stdout", po::bool_switch(&options.to_stdout), "print the result; change no file");
  else if (name == "over")
    option("over", list(options.over)->value_name("PATH=VALUE,…"),
           "each of these values of the recipe, e.g. "
           "graph.fusion.use=fusion.concat,fusion.gated_cross_attention");
  else if (name == "seeds")
    option("seeds", po::value(&options.seeds)->value_name("N"),
           "each trial with so many seeds, from the recipe's on; or with these: 1,2,3");
  else if (name == "jobs")
    option("jobs", po::value(&options.jobs)->value_name("N"),
           "so many trials at a time (default: the sweep file's, or 1)");
  else if (name == "compare")
    option("compare", po::bool_switch(&options.compare), "then compare them, as `weft compare`");
  else if (name == "lower")
    option("lower", list(options.lower)->value_name("METRIC"),
           "less of this metric is better; known of perplexities, error rates and the like");
  else if (name == "html")
    option("html", po::value(&options.html)->value_name("FILE"), "also write a page in one file");
  else if (name == "tensorboard")
    option("tensorboard", po::bool_switch(&options.tensorboard),
           "also write what is logged to RUN/tensorboard, for `tensorboard --logdir`");
  else if (name == "stop-at")
    option("stop-at", po::value(&options.stop_at)->value_name("STAGE-STEP"),
           "stop, resumably (75), once the stage is evaluated at this step or a later one");
  else if (name == "quiet")
    option("quiet,q", po::bool_switch(&options.quiet), "no progress");
  else if (name == "json")
    option("json", po::bool_switch(&options.json), "print the result as one JSON document");
  else
    add_run_option(shown, name, options);
}

po::options_description describe(const Verb& verb, Options& options) {
  po::options_description shown("Options");
  for (const std::string& name : verb.options) add(shown, name, options);
  for (const char* name : {"log-file", "help"}) add_run_option(shown, name, options);
  return shown;
}

[[noreturn]] void wrong(const Verb& verb, const std::string& what) {
  throw Error(Exit::usage,
              concat("weft ", verb.name, ": ", what, " `weft ", verb.name, " --help` shows how."));
}

/// `--run "$RUN"` in a script whose RUN is not set must not mean what is done without --run.
bool has_empty(const po::variable_value& value) {
  if (value.defaulted()) return false;
  if (const auto* const text = boost::any_cast<std::string>(&value.value())) return text->empty();
  const auto* const texts = boost::any_cast<std::vector<std::string>>(&value.value());
  return texts != nullptr && std::ranges::any_of(*texts, &std::string::empty);
}

/// The keys of an entry of `evaluate.generate` that options may give.
constexpr const char* k_generation_keys[] = {"max_length",
                                             "min_length",
                                             "strategy",
                                             "num_beams",
                                             "length_penalty",
                                             "temperature",
                                             "top_k",
                                             "top_p",
                                             "min_p",
                                             "repetition_penalty",
                                             "no_repeat_ngram_size",
                                             "num_return_sequences",
                                             "best_of",
                                             "stop",
                                             "constrain",
                                             "draft",
                                             "logits",
                                             "seed",
                                             "use_cache"};

/// `--num-beams` as `num_beams`; empty where it is no key of an entry.
std::string generation_key(const Verb& verb, std::string name) {
  std::ranges::replace(name, '-', '_');
  const bool is_key = std::ranges::find(verb.options, "generation") != verb.options.end() &&
                      std::ranges::find(k_generation_keys, name) != std::end(k_generation_keys);
  return is_key ? name : "";
}

/// `predict --picture a.png` is short for `predict --field picture=a.png`, and `generate
/// --num-beams 4` for `generate --generation num_beams=4`.
std::vector<std::string> with_fields(const Verb& verb, const std::vector<std::string>& arguments) {
  if (std::ranges::find(verb.options, "field") == verb.options.end()) return arguments;
  std::vector<std::string> whole;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const std::size_t equals = word.find('=');
    const std::string name = word.starts_with("--") ? word.substr(2, equals - 2) : "";
    if (name.empty() || std::ranges::find(verb.options, name) != verb.options.end()) {
      whole.push_back(word);
      continue;
    }
    const std::string key = generation_key(verb, name);
    const char* const option = key.empty() ? "--field" : "--generation";
    if (equals != std::string::npos) {
      whole.insert(whole.end(), {option, concat(key.empty() ? name : key, word.substr(equals))});
    } else if (i + 1 < arguments.size()) {
      whole.insert(whole.end(), {option, concat(key.empty() ? name : key, "=", arguments[++i])});
    } else {
      throw Error(Exit::usage, concat("weft ", verb.name, ": ", word,
                                      " wants a value: the field's text, "
                                      "or the file of its picture or recording."));
    }
  }
  return whole;
}

/// What is given must lie within its bounds, whatever it becomes of the recipe.
void require_bounds(const Verb& verb, const Options& options) {
  const auto is_given = [&](const char* name) {
    return std::ranges::find(options.given, name) != options.given.end();
  };
  if (!options.split.empty() && options.split != "train" && options.split != "val" &&
      options.split != "test")
    wrong(verb, concat("--split takes train, val or test, found \"", options.split, "\"."));
  if (options.tier != "c-abi" && options.tier != "torch-full")
    wrong(verb, concat("--tier takes c-abi or torch-full, found \"", options.tier, "\"."));
  if ((options.tier == "torch-full") == options.torch.empty())
    wrong(verb, "--torch goes with --tier torch-full, and that with --torch.");
  if (is_given("samples") && options.samples < 1) wrong(verb, "--samples takes a positive number.");
  if (is_given("jobs") && options.jobs < 1) wrong(verb, "--jobs takes a positive number.");
  if (options.steps < 0 && options.steps != k_own_steps) wrong(verb, "--steps takes 0 or more.");
  if (options.threads < 0) wrong(verb, "--threads takes a positive number.");
  constexpr std::int64_t k_fewest = 10, k_most = 1'000'000;  // as of evaluate.interval
  if (is_given("interval") && (options.interval < k_fewest || options.interval > k_most))
    wrong(verb, concat("--interval takes a number from ", k_fewest, " to ", k_most, ", found ",
                       options.interval, "."));
}

}  // namespace

Options parse_options(const Verb& verb, const std::vector<std::string>& arguments) {
  Options options;
  po::options_description all = describe(verb, options);
  all.add_options()("operand", po::value(&options.operands)->composing());
  po::positional_options_description positional;
  positional.add("operand", -1);
  try {
    po::variables_map map;
    po::store(
        po::command_line_parser(with_fields(verb, arguments))
            .options(all)
            .positional(positional)
            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
            .run(),
        map);
    po::notify(map);
    for (const auto& [name, value] : map) {
      if (has_empty(value))
        wrong(verb, concat(name == "operand" ? "an operand" : "--" + name,
                           " is empty. Give it a value, or leave it out."));
      if (!value.defaulted() && name != "operand") options.given.push_back(name);
    }
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const std::string& name : verb.options) known.push_back("--" + name);
    wrong(verb, concat("unknown option ", error.get_option_name(), ".",
                       suggestion(error.get_option_name(), known)));
  } catch (const po::error& error) {
    wrong(verb, concat(error.what(), "."));
  }
  take_short_overrides(verb, options);
  if (options.operands.size() < verb.min_operands || options.operands.size() > verb.max_operands)
    wrong(verb, concat("expected ", verb.operands, ", found ", options.operands.size(),
                       options.operands.size() == 1 ? " operand." : " operands."));
  require_bounds(verb, options);
  return options;
}

std::vector<OptionHelp> options_of(const Verb& verb) {
  Options unused;
  std::vector<OptionHelp> result;
  const po::options_description shown = describe(verb, unused);
  for (const auto& option : shown.options()) {
    const std::string dashed =
        option->canonical_display_name(po::command_line_style::allow_dash_for_short);
    const std::string value =
        option->semantic()->max_tokens() > 0 ? option->format_parameter() : "";
    result.push_back({option->long_name(), dashed.starts_with("-") ? dashed.substr(1) : "", value,
                      option->description()});
  }
  return result;
}

const Verb& verb_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return verb;
    names.emplace_back(verb.name);
  }
  throw Error(Exit::usage,
              concat("weft: no verb is called \"", name, "\".", suggestion(name, names)));
}

std::string help(const Verb& verb) {
  Options unused;
  std::ostringstream text;
  text << "weft " << verb.name << " " << verb.operands << " [options]\n"
       << "  " << verb.summary << "\n\n"
       << describe(verb, unused) << "\nExamples:\n";
  for (const std::string& example : verb.examples) text << "  " << example << "\n";
  text << "\n" << exit_codes;
  return text.str();
}

std::string help() {
  std::ostringstream text;
  text << "weft: train and evaluate multimodal models from recipes, every part a plug-in\n\n";
  for (const Verb& verb : verbs())
    text << "  weft " << verb.name << " " << verb.operands << "\n      " << verb.summary << "\n";
  text << "\n`weft help VERB` lists the options of a verb; `weft --version` prints the "
          "version.\n\n"
       << exit_codes;
  return text.str();
}

}  // namespace weft::host
