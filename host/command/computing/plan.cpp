// SPDX-License-Identifier: Apache-2.0
/// `weft plan RECIPE`: what training will cost.

#include <iostream>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/command/computing/console.hpp"
#include "host/command/computing/export_verb.hpp"
#include "host/command/json_document.hpp"
#include "host/graph/memory_check.hpp"
#include "host/report/graph_picture.hpp"
#include "host/report/table.hpp"
#include "host/session/forecast.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::int64_t k_measured_steps = 5;

/// "1.25 G": with a letter for each thousand.
std::string scaled_number(double value, double thousand = 1000.0) {
  const char* letters[] = {"", "k", "M", "G", "T", "P", "E"};
  std::size_t letter = 0;
  while (value >= thousand && letter < 6) {
    value /= thousand;
    ++letter;
  }
  return concat(number(value, letter == 0 ? "%.0f" : "%.3g"), letter == 0 ? "" : " ",
                letters[letter]);
}

std::string mebibytes(double bytes) {
  return concat(number(bytes / (1 << 20), "%.1f"), " MiB");
}

std::string duration(double seconds) {
  if (seconds < 120) return concat(number(seconds, "%.3g"), " s");
  if (seconds < 7200) return concat(number(seconds / 60, "%.1f"), " min");
  return concat(number(seconds / 3600, "%.1f"), " h");
}

std::string output_text(const NodeForecast::Output& output) {
  return concat(output.port, " ", shape_text(output.sizes));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string outputs_text(const NodeForecast& node) {
  std::vector<std::string> words;
  for (const NodeForecast::Output& output : node.outputs) words.push_back(output_text(output));
  return joined(words);
}

OrderedJson document(const NodeForecast& node) {
  OrderedJson outputs = OrderedJson::array();
  for (const NodeForecast::Output& output : node.outputs)
    outputs.push_back(
        {{"port", output.port}, {"sizes", output.sizes}, {"dtype", dtype_name(output.dtype)}});
  return {{"name", node.name},
          {"part", node.part},
          {"version", node.version},
          {"view", node.view},
          {"in", node.wires},
          {"outputs", outputs},
          {"parameters", node.parameters},
          {"trainable", node.trainable},
          {"flops_forward", node.flops.forward},
          {"flops_backward", node.flops.backward}};
}

OrderedJson document(const MemoryForecast& memory) {
  return {{"process", memory.process},
          {"weights", memory.weights},
          {"optimizer", memory.optimizer},
          {"gradients", memory.gradients},
          {"activations", memory.activations},
          {"saved", memory.saved},
          {"saves_beside_steps", memory.saves_beside_steps},
          {"peak", memory.peak()}};
}

OrderedJson document(const Forecast& forecast, const std::string& recipe) {
  OrderedJson stages = OrderedJson::array();
  for (const StageForecast& stage : forecast.stages) {
    OrderedJson nodes = OrderedJson::array();
    for (const NodeForecast& node : stage.nodes) nodes.push_back(document(node));
    OrderedJson one{{"name", stage.name},
                    {"steps", stage.steps},
                    {"batch_size", stage.batch_size},
                    {"grad_accumulation", stage.micro_batches},
                    {"optimizer", stage.optimizer},
                    {"parameters", stage.parameters()},
                    {"trainable", stage.trainable()},
                    {"flops_per_step", stage.flops()},
                    {"memory", document(stage.memory)},
                    {"nodes", nodes}};
    if (stage.step_seconds) one["seconds_per_step"] = *stage.step_seconds;
    stages.push_back(std::move(one));
  }
  OrderedJson whole{{"recipe", recipe}, {"stages", stages}, {"peak_bytes", forecast.peak_bytes()}};
  if (const auto seconds = forecast.seconds()) whole["seconds"] = *seconds;
  return whole;
}

void print(const StageForecast& stage) {
  std::cout << "stage " << printable(stage.name) << ": " << stage.steps << " steps of "
            << stage.batch_size << " examples"
            << (stage.micro_batches > 1 ? concat(" in ", stage.micro_batches, " micro-batches")
                                        : "")
            << "\n";
  Table table({"node", "part", "from", "makes", "parameters", "trainable", "FLOPs/step"});
  for (const NodeForecast& node : stage.nodes)
    table.add({node.name, node.part, joined(node.wires), outputs_text(node),
               std::to_string(node.parameters), std::to_string(node.trainable),
               scaled_number(node.flops.forward + node.flops.backward)});
  table.add({"total", "", "", "", std::to_string(stage.parameters()),
             std::to_string(stage.trainable()), scaled_number(stage.flops())});
  const MemoryForecast& memory = stage.memory;
  std::cout << table.text() << "memory: " << mebibytes(memory.peak())
            << " at most: program, data and kernels " << mebibytes(memory.process) << ", weights "
            << mebibytes(memory.weights) << ", optimizer " << stage.optimizer << " "
            << mebibytes(memory.optimizer)
            << (memory.saves_beside_steps ? ", a step" : ", and of these the larger: a step")
            << " (gradients " << mebibytes(memory.gradients) << ", activations "
            << mebibytes(memory.activations) << (memory.saves_beside_steps ? ") and" : ") or")
            << " the copy that is saved " << mebibytes(memory.saved) << "\n";
  if (stage.step_seconds)
    std::cout << "time: " << duration(*stage.step_seconds) << " a step, "
              << duration(*stage.step_seconds * static_cast<double>(stage.steps)) << " in all, "
              << scaled_number(stage.flops() / *stage.step_seconds) << "FLOP/s\n";
  std::cout << "\n";
}

std::string picture(const StageForecast& stage) {
  std::vector<PictureNode> nodes;
  std::vector<std::pair<std::size_t, std::size_t>> edges;
  for (const NodeForecast& node : stage.nodes) {
    PictureNode box{node.name, {concat(node.part, " ", node.version)}, !node.view.empty()};
    for (const std::string& wire : node.wires)
      if (wire.starts_with("batch.")) box.lines.push_back("← " + wire);
    for (const NodeForecast::Output& output : node.outputs)
      box.lines.push_back("→ " + output_text(output));
    if (node.parameters > 0)
      box.lines.push_back(concat(scaled_number(static_cast<double>(node.parameters)), " parameters",
                                 node.trainable == 0 ? ", frozen" : ""));
    for (const std::size_t producer : node.producers) edges.emplace_back(producer, nodes.size());
    nodes.push_back(std::move(box));
  }
  return graph_svg(nodes, edges);
}

}  // namespace

void plan(const Options& options) {
  const std::int64_t steps = options.steps == k_own_steps ? k_measured_steps : options.steps;
  Console console(options);
  const SessionSettings settings = session_settings(options);
  Session session = open_session(settings, inspect_recipe(options.operands[0], options.overrides),
                                 Opens::all, "", console);
  const Forecast result = forecast(session, steps);
  if (!options.svg.empty()) write_text(options.svg, picture(result.stages.front()));
  if (options.json) {
    std::cout << document_text(document(result, session.recipe.path));
    return;
  }
  for (const StageForecast& stage : result.stages) print(stage);
  std::cout << printable(session.recipe.path) << " needs " << mebibytes(result.peak_bytes())
            << " of the " << mebibytes(machine_memory()) << " of this machine";
  if (const auto seconds = result.seconds())
    std::cout << " and trains for about " << duration(*seconds) << ", without evaluation";
  std::cout << ".\n";
}

}  // namespace weft::host

WEFT_EXPORT_VERB(plan, plan)
