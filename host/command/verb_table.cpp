// SPDX-License-Identifier: Apache-2.0
/// All verbs: their operands, what they are for, the options that they read, and what runs them.
/// A verb is a file of this folder, or of computing/ where it takes libweft, and its row here.

#include "host/command/computing.hpp"
#include "host/command/options.hpp"

namespace weft::host {

void check(const Options& options);
void explain(const Options& options);
void format(const Options& options);
void migrate_recipes(const Options& options);
void plugin(const Options& options);
void new_part(const Options& options);
void runs(const Options& options);
void diff(const Options& options);
void doctor(const Options& options);
void print_help(const Options& options);
void print_completion(const Options& options);
void sweep(const Options& options);
void compare(const Options& options);
void convert(const Options& options);
void language_server(const Options& options);

namespace {

void new_part_or_recipe(const Options& options) {
  if (options.operands[0] == "recipe") return run_computing("weft_run_new_recipe", options);
  new_part(options);
}

/// A verb of libweft.so, by the symbol that WEFT_EXPORT_VERB gives it.
std::function<void(const Options&)> computing(const char* symbol) {
  return [symbol](const Options& options) { run_computing(symbol, options); };
}

}  // namespace

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = {
      {.name = "train",
       .operands = "RECIPE",
       .summary = "train the stages of a recipe, then evaluate",
       .options = {"set", "run", "resume", "overwrite", "threads", "device", "plugins",
                   "allow-commands", "tensorboard", "stop-at", "quiet", "json", "locked", "dry-run",
                   "verbose"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft train recipes/digits_av.json",
                    "weft train recipes/digits_av.json --resume",
                    "weft train recipes/digits_av.json seed=18 --run runs/seed18"},
       .run = computing("weft_run_train")},
      {.name = "eval",
       .operands = "RUN…",
       .summary = "evaluate trained runs and print them side by side",
       .options = {"set", "split", "interval", "samples", "locked", "threads", "device", "plugins",
                   "allow-commands", "json"},
       .min_operands = 1,
       .max_operands = 99,
       .examples = {"weft eval runs/digits_av",
                    "weft eval runs/digits_av runs/digits_av_mean --interval 1000"},
       .run = computing("weft_run_eval")},
      {.name = "sweep",
       .operands = "RECIPE-OR-SWEEP",
       .summary = "train a recipe with each of several values and seeds, a run folder each; trials "
                  "that are "
                  "done\n      are passed over, and one that fails does not end the others",
       .options = {"over", "seeds", "jobs", "run", "set", "overwrite", "compare", "lower", "html",
                   "threads", "device", "plugins", "allow-commands", "quiet", "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples =
           {"weft sweep recipes/digits_av.json --over graph.fusion.use=fusion.concat,fusion.mean "
            "--seeds 3 --compare"},
       .run = sweep},
      {.name = "compare",
       .operands = "RUN…",
       .summary =
           "compare runs on the same test samples, the first with each other one: better, worse or "
           "not distinguishable",
       .options = {"split", "lower", "html", "overwrite", "json"},
       .min_operands = 2,
       .max_operands = 999,
       .examples = {"weft compare runs/digits_av runs/digits_av_mean --html compare.html"},
       .run = compare},
      {.name = "report",
       .operands = "RUN",
       .summary =
           "write a page about a run: curves, metrics, samples with predictions, costs, recipe",
       .options = {"out", "overwrite", "split", "count", "threads", "device", "plugins",
                   "allow-commands", "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft report runs/digits_av"},
       .run = computing("weft_run_report")},
      {.name = "predict",
       .operands = "RUN",
       .summary = "ask a trained run: one JSON line for each example of a split, a file or the "
                  "command line",
       .options = {"field", "input", "split", "wire", "data", "set", "locked", "threads", "device",
                   "plugins", "allow-commands"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft predict runs/clothes --picture shirt.jpg",
                    "weft predict runs/clothes --split test --wire garment.logits"},
       .run = computing("weft_run_predict")},
      {.name = "generate",
       .operands = "RUN",
       .summary =
           "let a trained run write texts, token by token, for the fields on the command line",
       .options = {"field", "chat", "generation", "data", "set", "locked", "threads", "device",
                   "plugins", "allow-commands", "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples =
           {"weft generate runs/digits_qa --picture seven.png --voice two.wav --text \"What is the "
            "sum?\"",
            "weft generate runs/shakespeare --text \"To be\" --generation strategy=sample"},
       .run = computing("weft_run_generate")},
      {.name = "check",
       .operands = "RECIPE",
       .summary = "check a recipe, its parts and shapes; no tensor is made",
       .options = {"set", "plugins", "expand", "json", "fix"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft check recipes/digits_av.json", "weft check recipes/digits_av.json --fix",
                    "weft check recipes/digits_av.json --json"},
       .run = check},
      {.name = "explain",
       .operands = "RECIPE PATH",
       .summary =
           "print a value of a recipe and where it comes from: a line, an override, a wire, a "
           "default",
       .options = {"set", "plugins"},
       .min_operands = 2,
       .max_operands = 2,
       .examples = {"weft explain recipes/digits_av.json graph.fusion.config.dim"},
       .run = explain},
      {.name = "format",
       .operands = "FILE…",
       .summary =
           "write recipes in their canonical form, at most 100 columns wide, with their comments",
       .options = {"check"},
       .min_operands = 1,
       .max_operands = 10'000,
       .examples = {"weft format recipes/digits_av.json", "weft format recipes/*.json --check"},
       .run = format},
      {.name = "migrate",
       .operands = "FILE…",
       .summary = "give recipes of format 1 the keys of format 2",
       .options = {"stdout"},
       .min_operands = 1,
       .max_operands = 10'000,
       .examples = {"weft migrate old.json", "weft migrate old.json --stdout"},
       .run = migrate_recipes},
      {.name = "plugin",
       .operands =
           "list | info ID-OR-FILE | which ID[@RANGE] | check FILE | seal FILE | unblock FILE",
       .summary = "show the plug-ins that are found; test one; write its manifest; lift a block",
       .options = {"plugins", "level", "config", "size", "tier", "torch", "json"},
       .min_operands = 1,
       .max_operands = 2,
       .examples = {"weft plugin list", "weft plugin info encoder.vit",
                    "weft plugin check build/encoder.mine.so --level 9"},
       .run = plugin},
      {.name = "data",
       .operands = "check DATA | stats DATA | show DATA | bench DATA | pack FOLDER-INDEX-OR-TAR",
       .summary =
           "find what data cannot be used; its statistics; a page to look at; its speed; make "
           "shards.\n      "
           "DATA is a recipe, or a shard, a pattern of shards or a folder of files KEY.ext "
           "without one",
       .options = {"set", "data", "split", "count", "training", "out", "overwrite", "samples",
                   "bytes", "seconds", "allow-commands", "json"},
       .min_operands = 2,
       .max_operands = 2,
       .examples = {"weft data check recipes/digits_av.json",
                    "weft data show recipes/digits_av.json --out look.html",
                    "weft data pack photos --out photos-train --samples 1000"},
       .run = computing("weft_run_data")},
      {.name = "tokenizer",
       .operands = "train FILE… --out FILE | encode FILE | decode FILE",
       .summary =
           "learn a tokenizer from lines of text; turn lines of standard input into ids and back",
       .options = {"data", "out", "type", "vocab", "special", "texts", "overwrite", "set",
                   "allow-commands", "pieces"},
       .min_operands = 2,
       .max_operands = 10'000,
       .examples = {"weft tokenizer train texts.txt --vocab 8000 --out texts.model",
                    "weft tokenizer encode texts.model < texts.txt"},
       .run = computing("weft_run_tokenizer")},
      {.name = "new",
       .operands = "recipe DATA | KIND ID [FOLDER]",
       .summary =
           "draft a first recipe from a folder, a table or a shard; begin a part of your own: a "
           "project "
           "that builds and computes something",
       .options = {"target", "out", "overwrite"},
       .min_operands = 2,
       .max_operands = 3,
       .examples = {"weft new recipe photos --out photos.json",
                    "weft new encoder acme/encoder.wave wave"},
       .run = new_part_or_recipe},
      {.name = "convert",
       .operands = "FOLDER",
       .summary =
           "make weights that a recipe starts from of a community's model (config.json and "
           "safetensors),\n      or with --to hf the model's files of such weights, converted or "
           "trained",
       .options = {"to", "out", "config", "overwrite", "plugins"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft convert all-MiniLM-L6-v2 --out minilm",
                    "weft convert runs/sentences --to hf --out tuned"},
       .run = convert},
      {.name = "launch",
       .operands = "train|eval|predict ... [options of that verb]",
       .summary = "start several processes on this machine that do one verb together",
       .options = {"nproc", "restarts"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft launch --nproc 2 train recipes/digits_av.json --run runs/two --threads 1",
                    "weft launch --nproc 2 eval runs/two"},
       .run = {}},  // its arguments are another verb's: main.cpp hands them over as they are
      {.name = "plan",
       .operands = "RECIPE",
       .summary =
           "say what a recipe will cost before it is trained: parameters, FLOPs, memory, time",
       .options = {"set", "steps", "svg", "threads", "device", "plugins", "allow-commands", "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft plan recipes/digits_av.json",
                    "weft plan recipes/digits_av.json --svg graph.svg",
                    "weft plan recipes/digits_av.json --steps 0 --json"},
       .run = computing("weft_run_plan")},
      {.name = "runs",
       .operands = "list [FOLDER] | show RUN | remove RUN…",
       .summary = "list the runs in a folder (default: runs); say all that one holds; remove some",
       .options = {"json"},
       .min_operands = 1,
       .max_operands = 10'000,
       .examples = {"weft runs list", "weft runs show runs/digits_av",
                    "weft runs remove runs/digits_av"},
       .run = runs},
      {.name = "rerun",
       .operands = "RUN",
       .summary = "train a run again from its recipe and lock, and compare losses, metrics and "
                  "weights; it "
                  "fails\n      (1) where they are not equal",
       .options = {"run", "overwrite", "threads", "device", "plugins", "allow-commands", "quiet",
                   "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft rerun runs/digits_av", "weft rerun runs/digits_av --run runs/again"},
       .run = computing("weft_run_rerun")},
      {.name = "verify-resume",
       .operands = "RECIPE",
       .summary =
           "prove on this machine that a run that is stopped and resumed ends with the same bits",
       .options = {"set", "steps", "threads", "device", "plugins", "allow-commands", "json"},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft verify-resume recipes/digits_av.json --threads 1"},
       .run = computing("weft_run_verify_resume")},
      {.name = "diff",
       .operands = "RUN RUN",
       .summary = "what two runs do not have in common: recipe, parts, data, metrics",
       .options = {"json"},
       .min_operands = 2,
       .max_operands = 2,
       .examples = {"weft diff runs/digits_av runs/digits_av_mean"},
       .run = diff},
      {.name = "doctor",
       .operands = "",
       .summary =
           "look at the machine and the installation; each line that is not ok says what to do",
       .options = {"plugins", "json", "chaos"},
       .min_operands = 0,
       .max_operands = 0,
       .examples = {"weft doctor", "weft doctor --json", "weft doctor --chaos 500"},
       .run = doctor},
      {.name = "language-server",
       .operands = "",
       .summary = "tell an editor what is wrong with a recipe, by the Language Server Protocol",
       .options = {"plugins"},
       .min_operands = 0,
       .max_operands = 0,
       .examples = {"weft language-server"},
       .run = language_server},
      {.name = "completion",
       .operands = "bash | zsh | fish",
       .summary = "print what completes command lines in a shell",
       .options = {},
       .min_operands = 1,
       .max_operands = 1,
       .examples = {"weft completion bash > ~/.local/share/bash-completion/completions/weft",
                    "weft completion fish > ~/.config/fish/completions/weft.fish"},
       .run = print_completion},
      {.name = "help",
       .operands = "[VERB]",
       .summary = "print the options of a verb, or all manual pages",
       .options = {"man", "out"},
       .min_operands = 0,
       .max_operands = 1,
       .examples = {"weft help train", "weft help train --man | man -l -",
                    "weft help --man --out ~/.local/share/man/man1"},
       .run = print_help}};
  return all;
}

}  // namespace weft::host
