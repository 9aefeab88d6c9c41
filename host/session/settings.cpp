// SPDX-License-Identifier: Apache-2.0
#include "host/session/settings.hpp"

#include <algorithm>
#include <set>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {
namespace {

/// Of the stage under way these may change: how long, how fast, on how many at a time and towards
/// what it goes on, and when it saves and tells.
const std::set<std::string> k_free = {
    "batch_size", "clip_norm", "eval_every",    "grad_accumulation", "keep_best", "log_every",
    "losses",     "metrics",   "on_divergence", "optimizer",         "recompute", "save_every",
    "schedule",   "steps"};

class Rules {
 public:
  Rules(const Recipe& before, const Recipe& now, const Checkpoint& checkpoint)
      : now_(now), checkpoint_(checkpoint) {
    const auto under_way = std::ranges::find(now.stages, checkpoint.stage, &StagePlan::name);
    is_at_end_ = under_way != now.stages.end() && under_way->steps <= checkpoint.step;
    for (const StagePlan& stage : before.stages) {
      const bool is_under_way = stage.name == checkpoint.stage;
      if (is_under_way && !is_at_end_) break;
      for (const auto& [loss, weight] : stage.losses) minimised_.insert(loss);
      if (is_under_way) break;
      done_.push_back(stage.name);
    }
  }

  /// Why the difference cannot be; empty if it can.
  std::string refusal(const Difference& difference) const {
    const std::vector<std::string> keys = segments(difference.pointer);
    const std::string section = keys.empty() ? "" : keys[0];
    if (section == "graph") return graph(keys);
    if (section == "losses" && keys.size() > 1 && minimised_.contains(keys[1]))
      return "a stage that is done minimised it";
    if (section == "stages" && keys.size() > 1) return stage(keys);
    return "";
  }

  /// The stages before the one under way, which must be the same ones in the same order.
  std::string order() const {
    std::vector<std::string> names;
    for (const StagePlan& stage : now_.stages) {
      if (stage.name == checkpoint_.stage) break;
      names.push_back(stage.name);
    }
    if (names == done_) return "";
    return concat("/stages: before \"", checkpoint_.stage, "\" were ",
                  done_.empty() ? "none" : enumerate(done_), ", are ",
                  names.empty() ? "none" : enumerate(names), ": they are done");
  }

 private:
  std::string graph(const std::vector<std::string>& keys) const {
    const bool is_config = keys.size() > 2 && keys[2] == "config";
    const bool is_use = keys.size() > 2 && keys[2] == "use";
    if (is_use) return "";  // another part, or another state of it, has been refused by then
    if (!is_config) return "the model's parts and wires stay";
    return done_.empty() && !is_at_end_ ? "" : "the stages that are done used it so";
  }

  std::string stage(const std::vector<std::string>& keys) const {
    if (std::ranges::find(done_, keys[1]) != done_.end()) return "this stage is done";
    if (keys[1] != checkpoint_.stage) return "";
    if (keys.size() < 3 || !k_free.contains(keys[2]))
      return "this stage is under way: what it trains, and on which data, stays";
    const auto plan = std::ranges::find(now_.stages, keys[1], &StagePlan::name);
    if (keys[2] == "steps")
      return plan->steps < checkpoint_.step ? concat(checkpoint_.step, " steps are done") : "";
    if (is_at_end_) return "this stage is done, unless it gets more steps";
    if (keys[2] == "keep_best" && (keys.back() == "metric" || keys.back() == "mode"))
      return "the best so far is the best of what was measured then";
    if (keys[2] == "optimizer" && keys.size() > 3 && (keys[3] == "use" || keys.back() == "match"))
      return "what the optimizer keeps is of the one that it was trained with";
    return "";
  }

  const Recipe& now_;
  const Checkpoint& checkpoint_;
  std::vector<std::string> done_;  ///< the stages before the one under way
  bool is_at_end_ = false;         ///< no step of the one under way is left: it is done as well
  std::set<std::string> minimised_;
};

}  // namespace

std::vector<Difference> changed_settings(const std::string& run, const Recipe& before,
                                         const Recipe& now, const Checkpoint& checkpoint) {
  const Rules rules(before, now, checkpoint);
  std::vector<Difference> changed = differences(before.resolved, now.resolved);
  std::vector<std::string> refused;
  for (const Difference& difference : changed)
    if (const std::string why = rules.refusal(difference); !why.empty())
      refused.push_back(concat(difference.text(), ": ", why));
  if (const std::string why = rules.order(); !why.empty()) refused.push_back(why);
  if (refused.empty()) return changed;
  std::string list;
  for (const std::string& one : refused) list += concat(list.empty() ? "" : "; ", one);
  throw Error(
      Exit::bad_checkpoint,
      concat("the run in ", run, " cannot go on with other settings than it was trained with (",
             list, "). Use those of its recipe.json, or another run folder."));
}

}  // namespace weft::host
