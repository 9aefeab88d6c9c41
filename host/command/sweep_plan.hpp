// SPDX-License-Identifier: Apache-2.0
/// What a sweep trains: a recipe, axes of values, seeds. docs/sweep.md describes the file.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/command/options.hpp"

namespace weft::host {

/// One thing that changes from trial to trial.
struct SweepAxis {
  struct Choice {
    std::string label;          ///< "concat", for names of trials
    std::string override_text;  ///< "graph.fusion.use=…"; empty where it is a fragment
    std::string fragment;       ///< JSON, merged onto the recipe; empty where it is an override
  };
  std::string path;             ///< of the recipe, or the name of an axis of fragments
  std::vector<Choice> choices;  ///< none where it is a range
  double from = 0, to = 0;      ///< the range that random points are from, both ends included
  bool is_range = false, is_log = false, is_whole = false;
};

/// Trials that do worse than the others are stopped early (successive halving).
struct SweepStop {
  std::string metric;  ///< "accuracy.accuracy", which the stage measures
  bool is_max = true;
  std::vector<std::string> at;  ///< "fit-100": stage and step, in their order
  double keep = 0.5;            ///< share of the points that go on each time, at least one
};

/// One run of a sweep.
struct Trial {
  std::string name;   ///< of its run folder
  std::string point;  ///< the name without the seed
  std::optional<std::uint64_t> seed;
  std::vector<std::string> overrides;
  std::string fragment = {};  ///< all fragments merged, JSON; empty: none
};

struct SweepPlan {
  std::string recipe;  ///< its file
  std::string folder;
  int jobs = 1;
  std::optional<SweepStop> stop;
  std::vector<Trial> trials;
};

/// Reads the sweep's file, or makes one of a recipe and the command line, which counts first.
/// @throws Error (usage), (no_input), (bad_recipe) with all that is wrong
SweepPlan read_sweep(const Options& options);

}  // namespace weft::host
