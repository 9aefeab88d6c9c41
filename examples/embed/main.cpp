// SPDX-License-Identifier: Apache-2.0
/// Trains a small recipe, loads its run and asks it something. Usage: embed RECIPE PICTURE VOICE

#include <weft/host.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

namespace {

std::string bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

weft::HostSettings settings() {
  weft::HostSettings settings;
  settings.threads = 1;
  settings.set = {"stages.0.steps=4", "stages.1.steps=4", "stages.2.steps=4"};
  settings.observer.warning = [](const std::string& sentence) { std::cerr << sentence << "\n"; };
  settings.observer.step = [](const weft_host_step& step) {
    if (step.step == step.steps)
      std::cout << step.stage << ": " << step.steps << " steps, loss " << step.loss << "\n";
  };
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: embed RECIPE PICTURE VOICE\n";
    return 2;
  }
  try {
    const weft::Run trained = weft::open(argv[1], settings()).train("run");
    std::cout << "answer_match " << trained.scores().at("answer_match.exact_match") << "\n";

    weft::Predictor predictor = weft::load("run").predictor();
    const weft::Prediction answer = predictor({{"picture", bytes_of(argv[2])},
                                               {"voice", bytes_of(argv[3])},
                                               {"text", "Which digit is written?"}})["answer"];
    std::cout << "answer \"" << answer.text << "\"\n";
  } catch (const weft::HostError& error) {
    std::cerr << "embed: " << error.what() << "\n";
    return error.exit;
  }
}
