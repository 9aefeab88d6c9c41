// SPDX-License-Identifier: Apache-2.0
/// `weft help`: what the tables of options.hpp say, for terminals and for man.

#include "host/command/manual.hpp"

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/options.hpp"

namespace weft::host {
namespace {

/// Text as roff takes it: no line begins with a control character, and a dash is a minus.
std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if ((c == '.' || c == '\'') && (result.empty() || result.back() == '\n'))
      result += std::string("\\&") + c;
    else
      result += c;
  }
  return result;
}

/// Where a summary goes on in another line of `weft --help`.
std::string on_one_line(const std::string& text) {
  std::string result;
  for (const char c : text)
    if (c != '\n' && (c != ' ' || result.empty() || result.back() != ' '))
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  return result;
}

std::string head(const std::string& name, const std::string& summary) {
  return concat(".TH \"", name, "\" 1 \"\" \"weft " WEFT_VERSION "\"\n.SH NAME\n", roff(name),
                " \\- ", roff(on_one_line(summary)), "\n");
}

constexpr const char* k_exit_codes =
    ".SH EXIT STATUS\n0 done, 1 the run failed, 2 wrong usage, 65 damaged data, 66 missing file, "
    "70 plug\\-in failed, 71 out of memory, 73 output cannot be created, 74 reading or writing "
    "failed, 75 interrupted and resumable, 76 plug\\-in of another ABI, 77 wrong checkpoint, 78 "
    "wrong recipe.\n";

}  // namespace

std::string manual_page(const Verb& verb) {
  std::string page = head(concat("weft-", verb.name), verb.summary);
  page += concat(".SH SYNOPSIS\n.B weft ", roff(verb.name), "\n", roff(verb.operands),
                 "\n[options]\n.SH OPTIONS\n");
  for (const OptionHelp& option : options_of(verb))
    page += concat(".TP\n.B ", option.brief.empty() ? "" : roff("-" + option.brief) + ", ",
                   roff("--" + option.name), option.value.empty() ? "" : " " + roff(option.value),
                   "\n", roff(option.text), "\n");
  page += ".SH EXAMPLES\n.nf\n";
  for (const std::string& example : verb.examples) page += roff(example) + "\n";
  return page + ".fi\n" + k_exit_codes + ".SH SEE ALSO\n.BR weft (1)\n";
}

std::string manual_page() {
  std::string page =
      head("weft", "train and evaluate multimodal models from recipes, every part a plug-in");
  page += ".SH SYNOPSIS\n.B weft\nVERB [operands] [options]\n.SH VERBS\n";
  for (const Verb& verb : verbs())
    page += concat(".TP\n.BR weft\\-", roff(verb.name), " (1) ", roff(verb.operands), "\n",
                   roff(on_one_line(verb.summary)), "\n");
  return page +
         ".SH ENVIRONMENT\n.TP\n.B WEFT_PLUGIN_PATH\nfolders with plug\\-ins, separated by colons\n"
         ".TP\n.B WEFT_TORCH_DIR\nthe LibTorch to compute with\n"
         ".TP\n.B NO_COLOR\nnothing changes: weft prints no color\n" +
         k_exit_codes;
}

void print_help(const Options& options) {
  const bool has_verb = !options.operands.empty();
  if (!options.out.empty()) {
    if (!options.man || has_verb)
      throw Error(Exit::usage, "weft help: --out goes with --man and no verb.");
    std::filesystem::create_directories(options.out);
    write_text(options.out + "/weft.1", manual_page());
    for (const Verb& verb : verbs())
      write_text(concat(options.out, "/weft-", verb.name, ".1"), manual_page(verb));
    return;
  }
  if (options.man)
    std::cout << (has_verb ? manual_page(verb_named(options.operands[0])) : manual_page());
  else
    std::cout << (has_verb ? help(verb_named(options.operands[0])) : help());
}

}  // namespace weft::host
