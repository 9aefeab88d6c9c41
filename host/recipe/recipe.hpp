// SPDX-License-Identifier: Apache-2.0
/// A recipe as plain values: what read_recipe() makes of a JSON file and hands to the other rooms.
/// Everything is validated except what only the plug-ins and the data know: whether parts exist,
/// their configurations, ports and shapes.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/base/problems.hpp"
#include "host/recipe/generation_plan.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// "vision.tokens"; node "batch" is the data.
struct Wire {
  std::string node, port;
  Place place;
  std::string view = {};  ///< of "teacher:vision.tokens" "teacher"; in a view's bind also "this"
};

/// One part of the graph, or one loss or metric.
struct NodePlan {
  std::string name;
  std::string use;  ///< "[vendor/]kind.name[@range]"
  /// By input port, at least one wire each. The port "" stands for the one that the part demands,
  /// and a wire's port "" for the node's first output.
  std::map<std::string, std::vector<Wire>> in;
  std::string config;  ///< a JSON object on one line
  Place place;
  std::set<std::string> left_over = {};  ///< keys of `config` that were written for another part
};

/// A number that changes with the step of its stage, the first step being 0: `from` up to the step
/// `first`, `to` from the step `last` on, and between them along a line or half a cosine.
struct Schedule {
  Schedule(double constant = 0.0) : from(constant), to(constant) {}  // NOLINT: a number is one

  double from, to;
  std::int64_t first = 0, last = 0;
  bool is_cosine = false;

  bool is_constant() const { return from == to; }
  bool operator==(const Schedule&) const = default;
};

/// What a view puts at a field of the batch or at an input port.
struct BindPlan {
  std::string node, port;    ///< "batch" and a field, or a node and its input port
  std::vector<Wire> wires;   ///< none if `absent`
  bool is_shuffled = false;  ///< of the wire, each row is another row's
  bool is_absent = false;    ///< of the field `port`, which no sample then has
  Place place;
};

/// The graph seen with other weights, other inputs or both.
struct ViewPlan {
  std::string name;
  std::string of;  ///< another view, upon which this one is laid; empty: the graph itself
  std::vector<BindPlan> bind;
  bool is_frozen = false;   ///< its weights are those at the beginning of the stage
  double ema = 0.0;         ///< decay of its averaged weights; 0: they are not averaged
  std::string run;          ///< folder of a run whose graph and weights it has; may be empty
  std::int64_t repeat = 1;  ///< passes: each after the first is bound to the one before
  Place place;
};

/// Two parameters that are one tensor.
struct TiePlan {
  std::string path, to;  ///< the first takes the tensor of the second, by whose path it is known
  Place place;
};

struct OptimizerPlan {
  std::string use = "adamw";
  double lr = 0.0, weight_decay = 0.0;
  std::map<std::string, double> settings = {};  ///< other numbers of the rule; a flag is 0 or 1
  std::vector<OptimizerPlan> others = {};       ///< muon: the AdamW of what it does not move; one
  std::vector<std::string> also_adamw = {};     ///< muon: patterns of matrices that AdamW moves too
};

/// The learning rate over a stage, as a fraction of its peak.
struct SchedulePlan {
  enum class Shape { constant, linear, cosine, wsd, inverse_sqrt };
  std::int64_t warmup = 0;  ///< steps
  double min_ratio = 0.0;   ///< what it falls to
  Shape shape = Shape::cosine;
  std::int64_t decay = 0;  ///< steps of the fall at the end; of wsd alone
};

/// What a pattern of `train` says of the parameters that it is the last to match.
struct GroupPlan {
  double lr_mult = 1.0;
  double layer_decay = 1.0;    ///< the factor from a layer to the one below it
  std::int64_t from_step = 0;  ///< frozen before it
  bool weight_decay = true;    ///< false: none, also where the parameter is not exempt by itself
};

/// What follows a step whose loss or gradient is not finite.
struct DivergencePlan {
  enum class Action { stop, skip, rollback };
  Action action = Action::stop;
  std::int64_t times = 0;  ///< at most, in the stage
  double lr_mult = 1.0;    ///< rollback: of the learning rate, each time
};

/// Which step's weights a stage ends with.
struct KeepBestPlan {
  std::string metric;  ///< "name" or "name.output"; empty: those of the last step
  bool is_max = true;
  std::int64_t patience = 0;  ///< evaluations without a better one that end the stage; 0: none do
  double min_delta = 0.0;     ///< what is better by no more counts as none
};

/// Scales that a function computes and that multiply gradients before they are clipped.
struct ModulatePlan {
  std::string node, port;           ///< of the function; empty: gradients stay as they are
  std::vector<std::string> groups;  ///< patterns of parameters; one belongs to the first that fits
  bool noise = false;               ///< adds noise of each gradient's own deviation
};

/// By what losses are multiplied before the backward pass, and gradients divided after it, where
/// products are computed in float16.
struct LossScalePlan {
  double initial = 65536.0;
  std::int64_t growth_interval = 2000;  ///< steps without an overflow that double it; 0: it stays
};

/// Of the rows that are read for a step, those that it trains on.
struct SelectPlan {
  std::string node, port;  ///< what gives each row a number; node empty: every row trains
  std::int64_t draw = 1;   ///< rows read for each that trains
  bool is_highest = true;  ///< the rows with the largest numbers train; else the smallest
};

/// Easy examples before difficult ones.
struct CurriculumPlan {
  std::string pointer;     ///< to a number in the examples' JSON, or
  std::string node, port;  ///< what gives each example a number when the stage begins; both empty:
                           ///< no curriculum
  double competence = 0.01;  ///< share of the examples, the easiest, that the first step draws from
  std::int64_t steps = 0;    ///< until all of them are drawn

  bool is_on() const { return !pointer.empty() || !node.empty(); }
};

struct StagePlan {
  std::string name;
  std::string data;
  std::string from;  ///< an earlier stage; empty for the one before
  std::int64_t steps = 0;
  std::int64_t batch_size = 0;             ///< examples per step, all micro-batches together
  std::int64_t grad_accumulation = 1;      ///< micro-batches per step; divides `batch_size`
  std::map<std::string, Schedule> losses;  ///< weight of each
  std::vector<std::string> train, freeze;  ///< patterns of parameter paths
  std::vector<GroupPlan> groups;           ///< of each pattern of `train`; empty: nothing special
  OptimizerPlan optimizer;
  SchedulePlan schedule;
  ModulatePlan modulate;
  DType precision = DType::float32;  ///< of products in graph nodes, where that is safe
  LossScalePlan loss_scale;          ///< of float16
  SelectPlan select;
  CurriculumPlan curriculum;
  std::vector<std::string> recompute;  ///< nodes that are computed again for their gradients
  double clip_norm = 0.0;              ///< largest norm of the gradient; 0 does not clip
  std::int64_t log_every = 10;
  std::int64_t save_every = 0;  ///< 0: at the end only
  std::int64_t eval_every = 0;  ///< 0: at the end only
  std::vector<std::string> metrics;
  KeepBestPlan keep_best;
  DivergencePlan on_divergence;
  Place place;
};

struct DataPlan {
  std::string name;
  /// The section as JSON on one line: defaults filled in, paths absolute, under the names that the
  /// readers of data have, which are those of format 1.
  std::string config;
  Place place;
};

struct EvaluationPlan {
  std::string data;  ///< empty: the recipe does not evaluate
  std::string split = "test";
  std::int64_t batch_size = 64;
  std::vector<std::string> metrics;
  std::string group_by;                  ///< JSON pointer; empty: no groups
  std::vector<GenerationPlan> generate;  ///< in the order in which they write
  std::int64_t drawings = 0;             ///< of the bootstrap that gives intervals; 0: none
  Place place;
};

struct Recipe {
  std::string path;  ///< as the user named it
  std::string name;
  std::uint64_t seed = 0;
  int threads = 0;              ///< 0: all cores
  bool is_changed = false;      ///< it extends another file or is overridden
  bool is_format_1 = false;     ///< a file is; parts may then have the keys of their time
  std::string defaults = "{}";  ///< defaults.config: a JSON object on one line
  std::vector<DataPlan> data;
  std::vector<NodePlan> graph, losses, metrics;  ///< in the order of the file
  std::vector<ViewPlan> views;
  std::vector<TiePlan> ties;
  std::vector<StagePlan> stages;  ///< at least one
  EvaluationPlan evaluate;
  /// The whole recipe as JSON for people, a loadable recipe itself: `extends` and `let` are gone,
  /// defaults filled in, paths absolute.
  std::string resolved;
  std::map<std::string, Place> places;      ///< by JSON pointer
  std::map<std::string, Place> key_places;  ///< of keys whose value `let` gives
  std::vector<std::string> paths;           ///< pointers of the texts that are paths
  std::vector<Problem> notes;               ///< what is sound but should be changed
  Problems problems;  ///< none, except after inspect_recipe(); adding more is for the other rooms

  /// A problem at `pointer`, with the file and line of the nearest enclosing value.
  Problem locate(const std::string& pointer, const std::string& text = "") const;
  /// The same at the place of a key, if there is one of its own.
  Problem locate_key(const std::string& pointer, const std::string& text = "") const;
};

/// Reads, merges, overrides and validates.
/// @param overrides  "graph.fusion.use=fusion.concat"; override.hpp has the syntax
/// @param resolve    makes a path absolute; resolve_path() if left out
/// @throws RecipeError with every problem; Error (no_input) if the file cannot be read
Recipe read_recipe(
    const std::string& path, const std::vector<std::string>& overrides = {},
    const std::function<std::string(const std::string& path, const Origin& origin)>& resolve = {});

/// The same for a reader who goes on to look for more: what is wrong stands in Recipe::problems,
/// and the parts, wires and fields that it concerns are left out of the plans.
/// @throws as read_recipe() where nothing can be made of the rest: what is no JSON, no recipe, too
///         large, or has more problems than are shown
Recipe inspect_recipe(
    const std::string& path, const std::vector<std::string>& overrides = {},
    const std::function<std::string(const std::string& path, const Origin& origin)>& resolve = {});

}  // namespace weft::host
