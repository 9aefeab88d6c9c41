// SPDX-License-Identifier: Apache-2.0
#include "host/graph/rank_check.hpp"

#include <algorithm>
#include <numeric>

#include "host/base/text.hpp"
#include "host/graph/made_fields.hpp"
#include "host/graph/stages.hpp"
#include "host/graph/views.hpp"
#include "host/recipe/parallel.hpp"

namespace weft::host {
namespace {

/// A batch normalisation that the stage does not train uses its own statistics.
bool is_still(const StagePlan& stage, const Node& node) {
  const auto& buffers = node.instance.buffers();
  return !buffers.empty() &&
         (node.weights > 0 || std::ranges::none_of(buffers, [&](const ParameterDecl& buffer) {
            return is_moved(stage, node, buffer.name);
          }));
}

bool has_computed_target(const Node& loss) {
  for (std::size_t p = 0; p < loss.inputs.size(); ++p)
    for (const InputSource& source : loss.inputs[p])
      if (source.from == InputSource::From::node && loss.instance.inputs()[p].name == "target")
        return true;
  return false;
}

/// Why ranks cannot compute the node, as the end of a sentence; empty if they can.
std::string refusal(const StagePlan& stage, const Node& node, bool is_one_each) {
  const bool is_loss = node.instance.part().kind == WEFT_KIND_LOSS;
  if (reads_shuffled(node)) return " reads the rows of a batch in another order";
  if (node.instance.part().kind != WEFT_KIND_METRIC && !node.instance.states().empty() &&
      !is_still(stage, node))
    return " sums over the rows of a step, which ranks do not add up";
  if ((node.instance.traits() & WEFT_COUPLES_SAMPLES) == 0)
    return is_loss && has_computed_target(node)
               ? " has a target that a part computes, so that it cannot be weighed before"
               : "";
  if (is_loss ? is_one_each : is_still(stage, node)) return "";
  return " compares the rows of a batch with one another";
}

std::vector<std::size_t> nodes_of(const StagePlan& stage, const Wiring& wiring) {
  std::vector<std::size_t> losses;
  for (const auto& [name, weight] : stage.losses) losses.push_back(wiring.index(name));
  return wiring.needed(losses);
}

/// Why the ranks of a pipeline cannot compute the node.
std::string pipeline_refusal(const StagePlan& stage, const Node& node) {
  if (node.instance.part().kind == WEFT_KIND_LOSS && has_computed_target(node))
    return " has a target that a part computes, so that it cannot be weighed before";
  if (node.instance.part().kind != WEFT_KIND_METRIC && !node.instance.states().empty() &&
      !is_still(stage, node))
    return " sums over the rows of a step, which its rank does not give to the others";
  return "";
}

std::vector<Problem> pipeline_problems(const Recipe& recipe, const Wiring& wiring,
                                       std::int64_t ranks) {
  std::vector<Problem> problems;
  const ParallelPlan parallel = parallel_of(recipe);
  const auto add = [&](const std::string& place, const std::string& sentence) {
    problems.push_back(recipe.locate(place, sentence));
  };
  if (parallel.pipeline != ranks)
    add("/parallel/pipeline", concat("a pipeline of ", parallel.pipeline, " on ", ranks,
                                     " ranks: several pipelines beside each other are not there "
                                     "yet. Start ",
                                     parallel.pipeline, " ranks, or set pipeline to ", ranks, "."));
  if (parallel.shard != Sharded::none)
    add("/parallel/shard",
        "a pipeline keeps gradients and the optimizer's state where the node is computed. Leave "
        "shard out.");
  if (parallel.wire != DType::float32)
    add("/parallel/wire",
        "the ranks of a pipeline send outputs and weights, and hardly a gradient. Leave wire out.");
  for (const StagePlan& stage : recipe.stages) {
    const std::string& place = stage.place.pointer;
    if (!stage.modulate.node.empty())
      add(place + "/modulate",
          "it wants the gradients of all nodes on one rank. Train on one rank, or leave modulate "
          "out.");
    const std::vector<std::size_t> nodes = nodes_of(stage, wiring);
    if (std::ssize(nodes) < ranks)
      add(place, concat("the stage has ", nodes.size(), " nodes for ", ranks,
                        " ranks. Start fewer, or leave pipeline out."));
    for (const std::size_t index : nodes)
      if (const std::string why = pipeline_refusal(stage, wiring.nodes()[index]); !why.empty())
        add(place, concat("\"", wiring.nodes()[index].name, "\"", why,
                          ". Train on one rank, or without that part."));
  }
  return problems;
}

}  // namespace

std::vector<Problem> rank_problems(const Recipe& recipe, const Wiring& wiring, std::int64_t ranks) {
  std::vector<Problem> problems;
  if (ranks == 1) return problems;
  if (parallel_of(recipe).pipeline > 1) return pipeline_problems(recipe, wiring, ranks);
  for (const StagePlan& stage : recipe.stages) {
    const std::string& place = stage.place.pointer;
    const std::int64_t micro = std::lcm(stage.grad_accumulation, ranks);
    if (stage.batch_size % micro != 0)
      problems.push_back(recipe.locate(
          place + "/batch_size",
          concat(micro, " micro-batches on ", ranks, " ranks cannot share a batch of ",
                 stage.batch_size, ". Make batch_size a multiple of ", micro,
                 ", or start another number of ranks.")));
    if (!stage.modulate.node.empty())
      problems.push_back(recipe.locate(
          place + "/modulate",
          "it scales the gradients of one rank's rows, not those of a step. Train on one rank, or "
          "leave modulate out."));
    for (const std::size_t index : nodes_of(stage, wiring)) {
      const Node& node = wiring.nodes()[index];
      const std::string why = refusal(stage, node, micro == ranks);
      if (why.empty()) continue;
      problems.push_back(recipe.locate(
          place, concat("\"", node.name, "\"", why, ", so ", micro, " micro-batches on ", ranks,
                        " ranks would not equal one batch of ", stage.batch_size,
                        ". Train on one rank with grad_accumulation 1, or without that part.")));
    }
  }
  return problems;
}

}  // namespace weft::host
