// SPDX-License-Identifier: Apache-2.0
/// `weft completion SHELL`: completion of command lines, made of the tables of options.hpp.

#include <algorithm>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/options.hpp"

namespace weft::host {
namespace {

/// The words in small letters that stand first among a verb's operands: "list", "show".
std::vector<std::string> sub_verbs(const Verb& verb) {
  std::vector<std::string> words;
  std::string word;
  bool is_first = true;
  for (const char c : std::string(verb.operands) + " ") {
    if (c == ' ') {
      const bool small = std::ranges::all_of(word, [](char l) { return l >= 'a' && l <= 'z'; });
      if (is_first && small && !word.empty()) words.push_back(word);
      is_first = word == "|";
      word.clear();
    } else {
      word += c;
    }
  }
  return words;
}

std::string spaced(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) names.emplace_back(verb.name);
  return names;
}

std::vector<std::string> dashed_options(const Verb& verb) {
  std::vector<std::string> words;
  for (const OptionHelp& option : options_of(verb)) words.push_back("--" + option.name);
  return words;
}

std::string for_bash() {
  std::string text =
      "# bash completion of weft; written by `weft completion bash`\n"
      "_weft() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} options= subs=\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const Verb& verb : verbs())
    text +=
        concat("    ", verb.name, ") options='", spaced(dashed_options(verb)), "' subs='",
               spaced(verb.name == std::string("help") ? verb_names() : sub_verbs(verb)), "' ;;\n");
  return text +
         "  esac\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W '" +
         spaced(verb_names()) +
         "' -- \"$word\"))\n"
         "  elif [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  elif [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$subs\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$subs\" -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _weft weft\n";
}

/// A text within single quotes of zsh's _arguments, where [ ] : have a meaning.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      result += std::string("\\") + c;
    else
      result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string for_zsh() {
  std::string text =
      "#compdef weft\n# written by `weft completion zsh`\n_weft() {\n  local -a verbs=(\n";
  for (const Verb& verb : verbs())
    text += concat("    '", verb.name, ":", zsh_text(verb.summary), "'\n");
  text +=
      "  )\n  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
      "  local verb=$words[2]\n  shift words; (( CURRENT-- ))\n  case $verb in\n";
  for (const Verb& verb : verbs()) {
    text += concat("    ", verb.name, ") _arguments");
    for (const OptionHelp& option : options_of(verb))
      text += concat(" \\\n      '--", option.name, "[", zsh_text(option.text), "]",
                     option.value.empty() ? "" : ":" + zsh_text(option.value) + ":_files", "'");
    const std::vector<std::string> subs =
        verb.name == std::string("help") ? verb_names() : sub_verbs(verb);
    if (!subs.empty()) text += concat(" \\\n      '1:what:(", spaced(subs), ")'");
    text += " \\\n      '*:file:_files' ;;\n";
  }
  return text + "  esac\n}\n_weft \"$@\"\n";
}

std::string fish_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string for_fish() {
  std::string text = "# written by `weft completion fish`\n";
  for (const Verb& verb : verbs()) {
    text += concat("complete -c weft -n __fish_use_subcommand -a ", verb.name, " -d '",
                   fish_text(verb.summary), "'\n");
    const std::string here =
        concat("complete -c weft -n '__fish_seen_subcommand_from ", verb.name, "'");
    const std::vector<std::string> subs =
        verb.name == std::string("help") ? verb_names() : sub_verbs(verb);
    if (!subs.empty()) text += concat(here, " -a '", spaced(subs), "'\n");
    for (const OptionHelp& option : options_of(verb))
      text += concat(here, " -l ", option.name, option.brief.empty() ? "" : " -s " + option.brief,
                     option.value.empty() ? "" : " -r", " -d '", fish_text(option.text), "'\n");
  }
  return text;
}

}  // namespace

void print_completion(const Options& options) {
  const std::string& shell = options.operands[0];
  if (shell == "bash")
    std::cout << for_bash();
  else if (shell == "zsh")
    std::cout << for_zsh();
  else if (shell == "fish")
    std::cout << for_fish();
  else
    throw Error(Exit::usage,
                concat("weft completion: expected bash, zsh or fish, found \"", shell, "\"."));
}

}  // namespace weft::host
