// SPDX-License-Identifier: Apache-2.0
#include "host/command/examples.hpp"

#include <map>

namespace weft::host {

std::vector<std::string> examples_of(const std::string& verb) {
  static const std::map<std::string, std::vector<std::string>> examples = {
      {"train",
       {"weft train recipes/digits_av.json", "weft train recipes/digits_av.json --resume",
        "weft train recipes/digits_av.json seed=18 --run runs/seed18"}},
      {"eval",
       {"weft eval runs/digits_av",
        "weft eval runs/digits_av runs/digits_av_mean --interval 1000"}},
      {"predict",
       {"weft predict runs/clothes --picture shirt.jpg",
        "weft predict runs/clothes --split test --wire garment.logits"}},
      {"check",
       {"weft check recipes/digits_av.json", "weft check recipes/digits_av.json --fix",
        "weft check recipes/digits_av.json --json"}},
      {"explain", {"weft explain recipes/digits_av.json graph.fusion.config.dim"}},
      {"format", {"weft format recipes/digits_av.json", "weft format recipes/*.json --check"}},
      {"migrate", {"weft migrate old.json", "weft migrate old.json --stdout"}},
      {"plugin",
       {"weft plugin list", "weft plugin info encoder.vit",
        "weft plugin check build/encoder.mine.so --level 9"}},
      {"data",
       {"weft data check recipes/digits_av.json",
        "weft data show recipes/digits_av.json --out look.html",
        "weft data pack photos --out photos-train --samples 1000"}},
      {"tokenizer",
       {"weft tokenizer train texts.txt --vocab 8000 --out texts.model",
        "weft tokenizer encode texts.model < texts.txt"}},
      {"new",
       {"weft new recipe photos --out photos.json", "weft new encoder acme/encoder.wave wave"}},
      {"plan",
       {"weft plan recipes/digits_av.json", "weft plan recipes/digits_av.json --svg graph.svg",
        "weft plan recipes/digits_av.json --steps 0 --json"}},
      {"runs",
       {"weft runs list", "weft runs show runs/digits_av", "weft runs remove runs/digits_av"}},
      {"rerun", {"weft rerun runs/digits_av", "weft rerun runs/digits_av --run runs/again"}},
      {"verify-resume", {"weft verify-resume recipes/digits_av.json --threads 1"}},
      {"diff", {"weft diff runs/digits_av runs/digits_av_mean"}},
      {"generate",
       {"weft generate runs/digits_qa --picture seven.png --voice two.wav --text \"What is the "
        "sum?\"",
        "weft generate runs/shakespeare --text \"To be\" --generation strategy=sample"}},
      {"sweep",
       {"weft sweep recipes/digits_av.json --over graph.fusion.use=fusion.concat,fusion.mean "
        "--seeds 3 --compare"}},
      {"compare", {"weft compare runs/digits_av runs/digits_av_mean --html compare.html"}},
      {"report", {"weft report runs/digits_av"}},
      {"launch",
       {"weft launch --nproc 2 train recipes/digits_av.json --run runs/two --threads 1",
        "weft launch --nproc 2 eval runs/two"}},
      {"convert",
       {"weft convert all-MiniLM-L6-v2 --out minilm",
        "weft convert runs/sentences --to hf --out tuned"}},
      {"doctor", {"weft doctor", "weft doctor --json", "weft doctor --chaos 500"}},
      {"completion",
       {"weft completion bash > ~/.local/share/bash-completion/completions/weft",
        "weft completion fish > ~/.config/fish/completions/weft.fish"}},
      {"help",
       {"weft help train", "weft help train --man | man -l -",
        "weft help --man --out ~/.local/share/man/man1"}},
  };
  const auto found = examples.find(verb);
  return found == examples.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace weft::host
