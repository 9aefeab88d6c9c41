// SPDX-License-Identifier: Apache-2.0
/// What metrics.py runs: text metrics over tests/data/metrics, as the host calls them. Usage:
/// metrics_peer REPEATS. Prints a line for each: name, processor seconds, value.

#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

std::vector<Pair> pairs_of(const std::string& file, const char* text, const char* reference) {
  std::vector<Pair> pairs;
  for (const Json& one : cases_of(file)["cases"]) {
    const Json& right = one[reference];
    pairs.push_back({one[text], right.is_string() ? Lines{right} : right.get<Lines>()});
  }
  return pairs;
}

/// UPDATE in batches of 64, then COMPUTE; the arrays are made before.
void time_metric(const std::string& name, const std::string& id, const std::string& config,
                 const std::vector<Pair>& pairs, int repeats, const std::string& output) {
  std::vector<Arrays> batches;
  for (std::size_t begin = 0; begin < pairs.size(); begin += 64) {
    Lines predicted;
    std::vector<Lines> references;
    for (std::size_t i = begin; i < std::min(begin + 64, pairs.size()); ++i) {
      predicted.push_back(pairs[i].predicted);
      references.push_back(pairs[i].references);
    }
    batches.push_back(
        {{"predicted", {texts(predicted)}}, {"target", {reference_texts(references)}}});
  }
  Part part(id, config);
  const std::clock_t begin = std::clock();
  for (int i = 0; i < repeats; ++i)
    for (const Arrays& batch : batches) part.update(batch);
  const double value = part.compute().at(output);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << name << " " << seconds << " " << value << "\n";
}

}  // namespace
}  // namespace weft::test

int main(int count, char** arguments) {
  using namespace weft::test;
  const int repeats = count > 1 ? std::stoi(arguments[1]) : 1;
  const auto texts = pairs_of("text_pairs", "candidate", "reference");
  const auto captions = pairs_of("captions", "candidate_tokens", "reference_tokens");
  time_metric("bleu", "metric.bleu", "{}", texts, repeats, "bleu");
  time_metric("chrf", "metric.chrf", "{}", texts, repeats, "chrf");
  time_metric("rouge", "metric.rouge", "{}", texts, repeats, "rouge_l");
  time_metric("cider", "metric.cider", R"({"tokenize": "none"})", captions, repeats, "cider");
  time_metric("meteor", "metric.meteor", "{}", captions, repeats, "meteor");
}
