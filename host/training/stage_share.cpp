// SPDX-License-Identifier: Apache-2.0
#include "host/training/stage_share.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "host/base/text.hpp"
#include "host/training/pipeline.hpp"

namespace weft::host {
namespace {

/// Of the nodes of a stage, in the order in which they run.
struct Costs {
  std::vector<double> seconds;  ///< of a forward pass
  std::vector<double> bytes;    ///< of the outputs
};

constexpr double k_bytes_a_second = 1e9;  // about what a network or loopback moves
constexpr double k_backward = 2.0;        // how often the time of forward backward takes

double bytes_of(const std::vector<Tensor>& tensors) {
  double bytes = 0.0;
  for (const Tensor& tensor : tensors)
    if (tensor) {
      double count = 4.0;
      for (const std::int64_t size : tensor.sizes()) count *= static_cast<double>(size);
      bytes += count;
    }
  return bytes;
}

/// The second pass counts: the first fills caches and starts threads.
Costs measured(const Model& model, const Objective& objective, const TensorMap& micro,
               const CallOptions& step) {
  using Clock = std::chrono::steady_clock;
  const CallOptions options = objective.options_of(step, 0);
  Costs costs;
  for (int pass = 0; pass < 2; ++pass) {
    costs = {};
    Values values;
    for (const std::size_t node : objective.order()) {
      const Clock::time_point begin = Clock::now();
      values = model.forward({node}, micro, options, std::move(values));
      costs.seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
      costs.bytes.push_back(bytes_of(values.outputs.at(node)));
    }
  }
  return costs;
}

/// The first rank's numbers, on all of them.
Costs measured_on_first(const Model& model, std::uint64_t seed, const StagePlan& stage,
                        const Dataset& data, const Objective& objective, Collective& ranks) {
  std::vector<double> told(2 * objective.order().size(), 0.0);
  if (ranks.rank() == 0) {
    const Batch batch = TrainingStream(data, stage.batch_size, seed).next();
    CallOptions options{/*training=*/true, seed};
    options.precision = stage.precision;
    const Costs costs =
        measured(model, objective, micro_batches(batch, stage.grad_accumulation).front(), options);
    std::ranges::copy(costs.seconds, told.begin());
    std::ranges::copy(costs.bytes, told.begin() + std::ssize(costs.seconds));
  }
  told = ranks.table(told);
  const auto middle = told.begin() + std::ssize(objective.order());
  return {{told.begin(), middle}, {middle, middle + std::ssize(objective.order())}};
}

/// Seconds that it takes to move, forward and back, what is read behind the border before each
/// node.
std::vector<double> crossing(const Model& model, const Objective& objective, const Costs& costs) {
  const std::vector<std::size_t>& order = objective.order();
  std::map<std::size_t, std::size_t> last_reader;  // place in the order, by node
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const auto& port : model.wiring().inputs(order[i], objective.data()))
      for (const InputSource& source : port)
        if (source.from == InputSource::From::node) last_reader[source.node] = i;
  std::vector<double> seconds(order.size(), 0.0);
  for (std::size_t made = 0; made < order.size(); ++made)
    if (const auto last = last_reader.find(order[made]); last != last_reader.end())
      for (std::size_t border = made + 1; border <= last->second; ++border)
        seconds[border] += 2.0 * costs.bytes[made] / k_bytes_a_second;
  return seconds;
}

/// Each weight belongs to the first rank that computes with it; one that no node of the stage has,
/// to the first of all.
std::map<std::string, int> owners_of(const Model& model, const Objective& objective,
                                     const NodeRanks& rank_of) {
  std::map<std::string, int> of_part;
  for (const std::size_t node : objective.order())
    of_part.emplace(model.wiring().nodes()[node].owner, rank_of.at(node));
  std::map<std::string, int> owners;
  for (const NamedTensor& parameter : model.parameters()) {
    const auto part = of_part.find(parameter.path.substr(0, parameter.path.find('.')));
    owners[parameter.path] = part == of_part.end() ? 0 : part->second;
  }
  return owners;
}

/// `vision, voice (40 %) | fusion, answer, ce (60 %)` and what it is good for.
std::string told(const Model& model, const StagePlan& stage, const Objective& objective,
                 const Costs& costs, const std::vector<std::size_t>& cut) {
  const std::vector<std::size_t>& order = objective.order();
  const double all = std::reduce(costs.seconds.begin(), costs.seconds.end());
  std::vector<double> forward, backward;
  std::string parts;
  for (std::size_t rank = 0; rank < cut.size(); ++rank) {
    const std::size_t end = rank + 1 < cut.size() ? cut[rank + 1] : order.size();
    std::string names;
    double seconds = 0.0;
    for (std::size_t i = cut[rank]; i < end; ++i) {
      names += concat(names.empty() ? "" : ", ", model.wiring().nodes()[order[i]].name);
      seconds += costs.seconds[i];
    }
    parts += concat(rank == 0 ? "" : " | ", names, " (", std::lround(100.0 * seconds / all), " %)");
    forward.push_back(seconds);
    backward.push_back(k_backward * seconds);
  }
  const double micro = static_cast<double>(stage.grad_accumulation);
  const double step = forecast(forward, backward, static_cast<int>(stage.grad_accumulation));
  const auto rounded = [](double value) { return std::round(100.0 * value) / 100.0; };
  return concat("stage \"", stage.name, "\" is a pipeline: ", parts, ". A step of ",
                stage.grad_accumulation, " micro-batches should take ", std::lround(1000.0 * step),
                " ms, ", rounded((1.0 + k_backward) * all * micro / step),
                " times as fast as one rank; with many more of them it would be ",
                rounded(all / *std::ranges::max_element(forward)), " times.");
}

}  // namespace

Checkpoint StageShare::saved_state(const Model& model,
                                   const optim::StageOptimizer& optimizer) const {
  Checkpoint now{plan.name, 0, {}, {}, {}, {}};
  if (saves_pieces()) {
    now.piece = sharing.ranks.rank();
    now.pieces = sharing.ranks.size();
    now.model = model.state_of(optimizer.owners_of_all(model), now.piece);
    now.optimizer = optimizer.own_state();
  } else {
    now.model = model.state();
    now.optimizer = optimizer.state();
  }
  if (now.piece == 0) now.views = model.weights().views();
  return now;
}

StageShare share_stage(const Model& model, std::uint64_t seed,
                       const std::function<void(const std::string&)>& note, const StagePlan& stage,
                       const Dataset& data, const Sharing& sharing) {
  StageShare share{stage, sharing, {}};
  share.plan.grad_accumulation =
      std::lcm(stage.grad_accumulation, static_cast<std::int64_t>(sharing.parts()));
  if (!sharing.is_pipeline) return share;
  const Objective objective(model, stage);
  const Costs costs = measured_on_first(model, seed, stage, data, objective, sharing.ranks);
  std::vector<double> seconds = costs.seconds;
  for (double& one : seconds) one *= 1.0 + k_backward;
  const std::vector<std::size_t> cut = best_cut(seconds, crossing(model, objective, costs),
                                                static_cast<std::size_t>(sharing.ranks.size()));
  for (std::size_t i = 0; i < objective.order().size(); ++i)
    share.rank_of[objective.order()[i]] =
        static_cast<int>(std::ranges::upper_bound(cut, i) - cut.begin()) - 1;
  share.sharing.owners = owners_of(model, objective, share.rank_of);
  share.sharing.shard = Sharded::gradients;
  if (note && sharing.ranks.rank() == 0) note(told(model, stage, objective, costs, cut));
  return share;
}

}  // namespace weft::host
