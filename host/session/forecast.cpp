// SPDX-License-Identifier: Apache-2.0
#include "host/session/forecast.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/stages.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/session/memory_use.hpp"
#include "host/training/selection.hpp"
#include "host/training/step_runner.hpp"

namespace weft::host {
namespace {

/// Begins to look anew for the most that is in memory. What was freed is given back before, so
/// that it is not taken for what is needed.
void forget_peak() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // man 5 proc: resets VmHWM
}

std::string wire_text(const InputSource& source, const Wiring& wiring) {
  switch (source.from) {
    case InputSource::From::batch: return concat("batch.", source.field);
    case InputSource::From::node: {
      const Node& node = wiring.nodes()[source.node];
      return concat(node.name, ".", node.instance.outputs()[source.port].name);
    }
    case InputSource::From::generated: return concat(wiring.nodes()[source.node].name, ".text");
    default: return "";
  }
}

/// One stage of a session that is looked at.
class StagePreview {
 public:
  StagePreview(Session& session, const StagePlan& stage)
      : model_(*session.model),
        stage_(stage),
        data_(session.data.at(stage.data)),
        seed_(session.recipe.seed),
        objective_(model_, stage) {
    for (const std::size_t node : objective_.order()) place_[node] = place_.size();
  }

  StageForecast look() {
    StageForecast result{stage_.name,
                         stage_.optimizer.use,
                         stage_.steps,
                         stage_.batch_size,
                         stage_.grad_accumulation,
                         {},
                         {},
                         {}};
    TrainingStream stream(data_, stage_.batch_size, seed_);
    const Batch batch = stream.next();
    const Values values = shapes(batch);
    for (const std::size_t node : objective_.order())
      result.nodes.push_back(describe(node, values));
    compute(batch, result);
    return result;
  }

  /// Trains for so many steps, after one that is not counted and before one beside which the copy
  /// of a save is held. Notes their median and what the process held.
  void train(std::int64_t steps, StageForecast& result) {
    StagePlan plan = stage_;
    plan.steps = std::max(plan.steps, steps + 2);
    plan.save_every = result.memory.saves_beside_steps ? steps + 1 : 0;
    plan.eval_every = 0;
    plan.metrics.clear();
    plan.keep_best = {};
    std::vector<double> seconds;
    std::atomic<bool> stop = false;
    Checkpoint held;
    TrainerHooks hooks;
    hooks.save = [&](const Checkpoint& checkpoint) { held = checkpoint; };
    hooks.flush = [&] { held = {}; };
    hooks.measure = [](const StagePlan&, std::int64_t) { return MetricValues{}; };
    hooks.stop = &stop;
    hooks.step = [&](const StepReport& report) {
      seconds.push_back(report.seconds);
      stop = static_cast<std::int64_t>(seconds.size()) == steps + 2;
    };
    forget_peak();
    try {
      Trainer(model_, seed_, hooks).run(plan, data_);
    } catch (const Error& error) {
      if (error.exit() != Exit::interrupted) throw;
    }
    result.memory.process = std::max(0.0, peak_of_process() - result.memory.tensors());
    if (steps == 0 || seconds.size() < 3) return;
    std::sort(seconds.begin() + 1, seconds.end() - 1);
    result.step_seconds = seconds[seconds.size() / 2];
  }

 private:
  /// What the nodes write for the first micro-batch.
  Values shapes(const Batch& batch) const {
    const GradMode off(false);
    return model_.forward(objective_.order(), micro_batches(batch, stage_.grad_accumulation)[0],
                          objective_.options_of({/*training=*/false, seed_}, 0));
  }

  NodeForecast describe(std::size_t index, const Values& values) const {
    const Wiring& wiring = model_.wiring();
    const Node& node = wiring.nodes()[index];
    NodeForecast result{node.name,
                        node.instance.part().id,
                        node.instance.part().version.text(),
                        node.view,
                        {},
                        {},
                        {},
                        0,
                        0,
                        {}};
    for (const auto& port : wiring.inputs(index, stage_.data))
      for (const InputSource& source : port) {
        if (const std::string wire = wire_text(source, wiring); !wire.empty())
          result.wires.push_back(wire);
        if (source.from == InputSource::From::node)
          result.producers.push_back(place_.at(source.node));
      }
    const std::vector<Tensor>& outputs = values.outputs.at(index);
    for (std::size_t port = 0; port < outputs.size(); ++port)
      if (outputs[port])  // on demand, and nothing wants it
        result.outputs.push_back(
            {node.instance.outputs()[port].name, outputs[port].sizes(), outputs[port].dtype()});
    if (node.is_viewed() && node.weights == 0) return result;
    result.parameters = parameter_count(node);
    result.trainable = trained_count(node, stage_);
    return result;
  }

  /// One step, recorded.
  void compute(const Batch& batch, StageForecast& result) {
    begin_views(model_, stage_, nullptr);
    StepRunner runner(model_, stage_, seed_);
    optim::StageOptimizer optimizer(stage_, model_);
    MemoryForecast& memory = result.memory;
    memory.weights = weights_bytes(model_);
    OperationRecorder recorder;
    StepReport report{stage_.name, 1, stage_.steps, {}, {}, {}, optimizer.rate(0)};
    const std::string fault = runner.run(batch, 0, report);
    if (!fault.empty()) throw Error(Exit::failed, fault);
    memory.gradients = static_cast<double>(recorder.bytes());
    memory.activations = static_cast<double>(recorder.peak_bytes()) - memory.gradients;
    optimizer.step(0);
    runner.clear_gradients();
    memory.optimizer = static_cast<double>(recorder.bytes());
    memory.saved = memory.weights + memory.optimizer;
    memory.saves_beside_steps = stage_.save_every > 0 && stage_.save_every < stage_.steps;
    for (NodeForecast& node : result.nodes)
      if (const auto found = recorder.flops().find(node.name); found != recorder.flops().end())
        node.flops = found->second;
  }

  Model& model_;
  const StagePlan& stage_;
  const Dataset& data_;
  const std::uint64_t seed_;
  const Objective objective_;
  std::map<std::size_t, std::size_t> place_;  // in the order, by node
};

}  // namespace

double MemoryForecast::tensors() const {
  const double step = gradients + activations;
  return weights + optimizer + (saves_beside_steps ? step + saved : std::max(step, saved));
}

double MemoryForecast::peak() const {
  return process + tensors();
}

std::int64_t StageForecast::parameters() const {
  std::int64_t sum = 0;
  for (const NodeForecast& node : nodes) sum += node.parameters;
  return sum;
}

std::int64_t StageForecast::trainable() const {
  std::int64_t sum = 0;
  for (const NodeForecast& node : nodes) sum += node.trainable;
  return sum;
}

double StageForecast::flops() const {
  double sum = 0;
  for (const NodeForecast& node : nodes) sum += node.flops.forward + node.flops.backward;
  return sum;
}

double Forecast::peak_bytes() const {
  double most = 0;
  for (const StageForecast& stage : stages) most = std::max(most, stage.memory.peak());
  return most;
}

std::optional<double> Forecast::seconds() const {
  double sum = 0;
  for (const StageForecast& stage : stages) {
    if (!stage.step_seconds) return std::nullopt;
    sum += *stage.step_seconds * static_cast<double>(stage.steps);
  }
  return sum;
}

Forecast forecast(Session& session, std::int64_t measured_steps) {
  Forecast result;
  for (const StagePlan& stage : session.recipe.stages) {
    StagePreview preview(session, stage);
    result.stages.push_back(preview.look());
    preview.train(measured_steps, result.stages.back());
  }
  return result;
}

}  // namespace weft::host
