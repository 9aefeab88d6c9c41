// SPDX-License-Identifier: Apache-2.0
/// Runs every shipped part forward and backward on fixed inputs, and writes what came out:
///
///     part_results FILE.safetensors
///
/// Two builds of the host, each with another LibTorch, must write the same numbers with the same
/// plug-ins; libtorch_swap.py compares them. Names: PART/out/PORT, PART/grad/OUTPUT/in.PORT.WIRE,
/// PART/grad/OUTPUT/PARAMETER, PART/parameter/NAME, and for a metric PART/out/PORT.

#include <cstdio>
#include <set>
#include <stdexcept>

#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/registry/registry.hpp"
#include "tests/plugins/weights.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

struct Trial {
  std::string id, config;
  Arrays inputs;
};

/// Integers from `first` on, `period` different ones, in an order that is not sorted.
Array counting(std::vector<std::int64_t> sizes, std::int64_t first, std::int64_t period) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(first + 7 * i % period);
  return ints(values, std::move(sizes));
}

std::vector<Trial> trials() {
  const Array tokens = random({2, 6, 64}, 1), real = length_mask({6, 4}, 6);
  const Arrays streams{{"streams", {tokens, random({2, 9, 64}, 2)}},
                       {"masks", {real, length_mask({5, 9}, 9)}}};
  const Arrays state{{"state", {tokens}}, {"mask", {real}}};
  const Array written = ints({2, 20, 30, 40, 3, 0, 2, 25, 3, 0, 0, 0}, {2, 6});
  const Array predicted = ints({20, 30, 40, 3, 25, 26, 3, 0}, {2, 4});
  const Array logits = random({2, 6, 5}, 3), classes = counting({2, 6}, 0, 5);
  const Arrays sequence{{"logits", {logits}}, {"target", {classes}}, {"mask", {real}}};
  const Arrays rows_of_classes{{"logits", {random({12, 5}, 4)}},
                               {"target", {counting({12}, 0, 5)}}};
  Arrays answer = state;
  answer["target"] = {written};
  return {
      {"encoder.vit", "{}", {{"image", {random({2, 3, 32, 32}, 5)}}}},
      {"encoder.text_transformer",
       "{}",
       {{"tokens", {counting({2, 6}, 4, 200)}}, {"mask", {real}}}},
      {"encoder.conformer",
       "{}",
       {{"features", {random({2, 40, 80}, 6)}}, {"mask", {length_mask({40, 21}, 40)}}}},
      {"fusion.mean", "{}", streams},
      {"fusion.concat", "{}", streams},
      {"fusion.gated_cross_attention", "{}", streams},
      {"fusion.pairwise", "{}", streams},
      {"reasoning.decoder_stack",
       R"({"latents": 3, "passes": 2})",
       {{"tokens", {tokens}}, {"mask", {real}}}},
      {"decoder.classifier", R"({"classes": 7, "pooling": "attention"})", state},
      {"decoder.autoregressive", "{}", answer},
      {"loss.cross_entropy", R"({"label_smoothing": 0.1})", sequence},
      {"loss.focal", "{}", rows_of_classes},
      {"loss.contrastive",
       R"({"project": 16, "learned": true})",
       {{"left", {random({6, 64}, 7)}}, {"right", {random({6, 64}, 8)}}}},
      {"metric.accuracy", "{}", sequence},
      {"metric.perplexity", "{}", sequence},
      {"metric.f1", R"({"classes": 5})", rows_of_classes},
      {"metric.exact_match", "{}", {{"predicted", {predicted}}, {"target", {written}}}},
  };
}

using Results = std::map<std::string, Array>;

void add_gradients(Part& part, const Trial& trial, const std::string& output, const Array& values,
                   Results& results) {
  const Part::Gradients gradients =
      part.gradients(trial.inputs, output, random(values.sizes, 9, values.dtype));
  const std::string place = host::concat(trial.id, "/grad/", output, "/");
  for (const auto& [port, wires] : gradients.inputs)
    for (std::size_t wire = 0; wire < wires.size(); ++wire)
      if (wires[wire].bytes) results[host::concat(place, "in.", port, ".", wire)] = wires[wire];
  for (const auto& [name, gradient] : gradients.parameters) results[place + name] = gradient;
}

/// Outputs that depend on no parameter and no input, such as a loss's weight, have no gradient.
bool has_gradient(const Trial& trial, const std::string& output, const Array& values) {
  return values.dtype == DType::float32 && !(trial.id.starts_with("loss.") && output == "weight");
}

void run(const Trial& trial, Results& results) {
  std::map<std::string, std::uint32_t> wired;
  for (const auto& [port, wires] : trial.inputs)
    wired[port] = static_cast<std::uint32_t>(wires.size());
  Part part(trial.id, trial.config, wired);
  if (trial.id.starts_with("metric.")) {
    part.update(trial.inputs);
    for (const auto& [port, value] : part.compute())
      results[trial.id + "/out/" + port] = floats({value}, {}, DType::float64);
    return;
  }
  for (const std::string& name : part.parameter_names())
    results[trial.id + "/parameter/" + name] = part.get(name);
  for (const auto& [port, values] : part.run(trial.inputs)) {
    results[trial.id + "/out/" + port] = values;
    if (has_gradient(trial, port, values)) add_gradients(part, trial, port, values, results);
  }
}

Results all_results() {
  std::set<std::string> missing;
  for (const host::Part& part : shipped_parts().parts()) missing.insert(part.id);
  Results results;
  for (const Trial& trial : trials()) {
    run(trial, results);
    missing.erase(trial.id);
  }
  for (const std::string& id : missing)
    throw std::runtime_error(id + " is shipped, but has no inputs here: add it to trials().");
  return results;
}

}  // namespace
}  // namespace weft::test

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: part_results FILE.safetensors\n");
    return 2;
  }
  try {
    weft::host::write_safetensors(words[1], {weft::test::all_results(), {}});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "part_results: %s\n", error.what());
    return 1;
  }
  return 0;
}
