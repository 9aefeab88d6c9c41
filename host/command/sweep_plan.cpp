// SPDX-License-Identifier: Apache-2.0
#include "host/command/sweep_plan.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/base/random.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t k_most_trials = 1000;

/// Collects all that is wrong with the file.
struct Faults {
  std::string file;
  std::vector<std::string> sentences;
  void add(const std::string& pointer, const std::string& text) {
    sentences.push_back(concat(file, ": ", pointer, ": ", text));
  }
  void require_none() const {
    std::string all;
    for (const std::string& sentence : sentences) all += (all.empty() ? "" : " ") + sentence;
    if (!all.empty()) throw Error(Exit::bad_recipe, all);
  }
};

/// The text without comments, as strict JSON; nothing where it is no JSON.
Json read_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(Exit::no_input, concat(path, " cannot be read: there is no such file."));
  std::ostringstream text;
  text << file.rdbuf();
  Findings findings;
  const std::optional<Value> value = parse_json(
      text.str(), std::make_shared<const std::string>(path), findings, Comments::passed_over);
  findings.require_none(path);
  return Json::parse(compact(*value));
}

/// A value as a part of a folder's name.
std::string word_of(const Json& value) {
  std::string word = value.is_string()         ? value.get<std::string>()
                     : value.is_number_float() ? number(value.get<double>(), "%.4g")
                     : value.is_primitive()    ? value.dump()
                                               : concat("v", std::hex, stable_hash(value.dump()));
  for (char& c : word)
    if (!is_path_word(concat("a", c))) c = '-';
  return word.substr(0, 40);
}

SweepAxis::Choice choice_of(const std::string& path, const Json& value) {
  return {word_of(value), concat(path, "=", value.dump()), ""};
}

void read_range(const Json& value, const std::string& pointer, SweepAxis& axis, Faults& faults) {
  for (const auto& [key, one] : value.items())
    if (key != "from" && key != "to" && key != "scale")
      faults.add(pointer + "/" + key, "expected from, to or scale.");
  const Json from = value.value("from", Json()), to = value.value("to", Json());
  const std::string scale = value.value("scale", Json("linear")).dump();
  if (!from.is_number() || !to.is_number() || from.get<double>() >= to.get<double>())
    return faults.add(pointer,
                      concat("a range has two numbers, from below to, found ", value.dump(), "."));
  if (scale != "\"linear\"" && scale != "\"log\"")
    faults.add(pointer + "/scale", concat("expected \"linear\" or \"log\", found ", scale, "."));
  axis.is_range = true;
  axis.is_log = scale == "\"log\"";
  axis.is_whole = from.is_number_integer() && to.is_number_integer();
  axis.from = from.get<double>(), axis.to = to.get<double>();
  if (axis.is_log && axis.from <= 0)
    faults.add(pointer + "/from", "a logarithmic range begins above 0.");
}

SweepAxis read_axis(const std::string& path, const Json& value, Faults& faults) {
  const std::string pointer = "/over/" + path;
  SweepAxis axis{path, {}};
  if (value.is_array() && !value.empty()) {
    for (const Json& one : value) axis.choices.push_back(choice_of(path, one));
  } else if (value.is_object() && value.contains("from")) {
    read_range(value, pointer, axis, faults);
  } else if (value.is_object() && !value.empty()) {
    for (const auto& [name, fragment] : value.items()) {
      if (!fragment.is_object())
        faults.add(pointer + "/" + name, concat("expected an object that is merged onto the "
                                                "recipe, found ",
                                                fragment.dump(), "."));
      axis.choices.push_back({word_of(name), "", fragment.dump()});
    }
  } else {
    faults.add(pointer, concat("expected a list of values, a range {\"from\", \"to\"} or named "
                               "fragments, found ",
                               value.dump(), "."));
  }
  return axis;
}

std::vector<std::uint64_t> read_seeds(const Json& value, std::uint64_t first, Faults& faults) {
  std::vector<std::uint64_t> seeds;
  if (value.is_null()) return seeds;
  if (value.is_number_integer() && value.get<std::int64_t>() >= 1 &&
      value.get<std::int64_t>() <= static_cast<std::int64_t>(k_most_trials)) {
    for (std::uint64_t i = 0; i < value.get<std::uint64_t>(); ++i) seeds.push_back(first + i);
    return seeds;
  }
  bool is_list = value.is_array() && !value.empty();
  if (is_list)
    for (const Json& one : value) {
      if (!one.is_number_integer() || one.get<std::int64_t>() < 0)
        is_list = false;
      else
        seeds.push_back(one.get<std::uint64_t>());
    }
  if (!is_list)
    faults.add("/seeds", concat("expected how many, 1 to ", k_most_trials,
                                ", or a list of seeds, found ", value.dump(), "."));
  return seeds;
}

SweepStop read_stop(const Json& value, Faults& faults) {
  SweepStop stop;
  if (!value.is_object()) {
    faults.add("/stop", concat("expected an object, found ", value.dump(), "."));
    return stop;
  }
  for (const auto& [key, one] : value.items())
    if (key != "metric" && key != "mode" && key != "at" && key != "keep")
      faults.add("/stop/" + key, concat("there is no such key.",
                                        suggestion(key, {"metric", "mode", "at", "keep"})));
  const Json metric = value.value("metric", Json()), at = value.value("at", Json());
  const Json keep = value.value("keep", Json(0.5)), mode = value.value("mode", Json("max"));
  if (metric.is_string())
    stop.metric = metric;
  else
    faults.add("/stop/metric", "expected a metric, such as \"accuracy.accuracy\".");
  if (mode != "max" && mode != "min") faults.add("/stop/mode", "expected \"max\" or \"min\".");
  stop.is_max = mode != "min";
  if (keep.is_number() && keep.get<double>() > 0 && keep.get<double>() < 1)
    stop.keep = keep;
  else
    faults.add("/stop/keep", concat("expected a share between 0 and 1, found ", keep.dump(), "."));
  for (const Json& one : at.is_array() ? at : Json::array()) {
    const std::string text = one.is_string() ? one.get<std::string>() : "";
    const std::size_t dash = text.rfind('-');
    const std::string step = dash == std::string::npos ? "" : text.substr(dash + 1);
    if (dash == 0 || step.empty() ||
        !std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; }))
      faults.add("/stop/at",
                 concat("expected STAGE-STEP, such as \"fit-100\", found ", one.dump(), "."));
    stop.at.push_back(text);
  }
  if (stop.at.empty())
    faults.add("/stop/at", "expected a list such as [\"fit-100\", \"fit-200\"].");
  return stop;
}

/// The words between commas that stand in no brackets and quotes, each JSON or else a string.
std::vector<Json> values_of(const std::string& text) {
  std::vector<Json> values;
  std::string word;
  int depth = 0;
  bool quoted = false;
  const auto end = [&] {
    Json value = Json::parse(word, nullptr, false);
    values.push_back(value.is_discarded() ? Json(word) : value);
    word.clear();
  };
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '[' || c == '{')) ++depth;
    if (!quoted && (c == ']' || c == '}')) --depth;
    if (c == ',' && depth == 0 && !quoted)
      end();
    else
      word += c;
  }
  end();
  return values;
}

/// The file of a sweep: that which is named, or what the command line says of a recipe.
Json sweep_file(const Options& options) {
  const std::string& path = options.operands[0];
  Json file = read_json(path);
  const bool is_sweep = file.is_object() && file.value("recipe", Json()).is_string();
  if (!is_sweep) {
    if (options.over.empty() && options.seeds.empty())
      throw Error(Exit::usage, concat("weft sweep: ", path,
                                      " is a recipe, so --over or --seeds says "
                                      "what changes, e.g. --over graph.fusion.use=fusion.concat,"
                                      "fusion.mean --seeds 3. A sweep's file names its "
                                      "\"recipe\"."));
    const std::string name = file.is_object() ? file.value("name", Json()).is_string()
                                                    ? file["name"].get<std::string>()
                                                    : fs::path(path).stem().string()
                                              : "";
    file = {{"recipe", fs::absolute(path).string()}, {"name", name + "-sweep"}};
  }
  for (const std::string& over : options.over) {
    const std::size_t equals = over.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error(Exit::usage,
                  concat("weft sweep: --over takes PATH=VALUE,VALUE, found \"", over, "\"."));
    file["over"][over.substr(0, equals)] = values_of(over.substr(equals + 1));
  }
  if (!options.seeds.empty()) {
    const std::vector<Json> seeds = values_of(options.seeds);
    file["seeds"] = seeds.size() == 1 ? seeds[0] : Json(seeds);
  }
  return file;
}

std::string label_of(const SweepAxis& axis, const std::vector<SweepAxis>& axes) {
  const auto last = [](const std::string& path) {
    const std::size_t dot = path.find_last_of("./");
    return dot == std::string::npos ? path : path.substr(dot + 1);
  };
  const bool is_unique = std::ranges::count_if(axes, [&](const SweepAxis& other) {
                           return last(other.path) == last(axis.path);
                         }) == 1;
  return word_of(Json(is_unique ? last(axis.path) : axis.path));
}

/// Objects by key; null stays, since it removes what the recipe has.
void lay_upon(Json& below, const Json& above) {
  if (!below.is_object() || !above.is_object()) {
    below = above;
    return;
  }
  for (const auto& [key, value] : above.items()) lay_upon(below[key], value);
}

void add_choice(Trial& trial, const SweepAxis& axis, const SweepAxis::Choice& choice,
                const std::vector<SweepAxis>& axes) {
  trial.point += concat(trial.point.empty() ? "" : "_", label_of(axis, axes), "-", choice.label);
  if (!choice.override_text.empty()) {
    trial.overrides.push_back(choice.override_text);
  } else {
    Json merged = trial.fragment.empty() ? Json::object() : Json::parse(trial.fragment);
    lay_upon(merged, Json::parse(choice.fragment));
    trial.fragment = merged.dump();
  }
}

/// Every combination, the last axis changing fastest.
std::vector<Trial> grid(const std::vector<SweepAxis>& axes) {
  std::vector<Trial> points(1);
  for (const SweepAxis& axis : axes) {
    std::vector<Trial> more;
    for (const Trial& point : points)
      for (const SweepAxis::Choice& choice : axis.choices)
        add_choice(more.emplace_back(point), axis, choice, axes);
    points = std::move(more);
    if (points.size() > k_most_trials) break;
  }
  return points;
}

SweepAxis::Choice drawn_from(const SweepAxis& axis, RandomSequence& random) {
  if (!axis.is_range) return axis.choices[random.below(axis.choices.size())];
  const double part = static_cast<double>(random.next() >> 11U) * 0x1p-53;
  double value = axis.is_log ? axis.from * std::pow(axis.to / axis.from, part)
                             : axis.from + (axis.to - axis.from) * part;
  if (axis.is_whole) {
    const double end = axis.to + 1;
    value = std::floor(axis.is_log ? axis.from * std::pow(end / axis.from, part)
                                   : axis.from + (end - axis.from) * part);
    return choice_of(axis.path, Json(static_cast<std::int64_t>(std::min(value, axis.to))));
  }
  // Four digits: what a person would write, and what the trial's name says.
  return choice_of(axis.path, Json(std::stod(number(value, "%.4g"))));
}

/// So many different points, the same ones at every call; fewer where there are no more.
std::vector<Trial> random_points(const std::vector<SweepAxis>& axes, std::size_t count) {
  std::vector<Trial> points;
  std::set<std::string> seen;
  for (std::size_t draw = 0; points.size() < count && draw < 100 * count; ++draw) {
    RandomSequence random({draw});
    Trial point;
    for (const SweepAxis& axis : axes) add_choice(point, axis, drawn_from(axis, random), axes);
    if (seen.insert(concat(point.point, Json(point.overrides).dump())).second)
      points.push_back(std::move(point));
  }
  return points;
}

/// Names that are equal or too long for a folder get a number of their values.
void name_trials(std::vector<Trial>& trials) {
  std::set<std::string> names;
  for (Trial& trial : trials) {
    if (trial.point.empty()) trial.point = trial.seed ? "" : "as-it-is";
    if (trial.point.size() > 70)
      trial.point = concat(trial.point.substr(0, 60), "-", std::hex,
                           stable_hash(trial.point + Json(trial.overrides).dump()) >> 40U);
    trial.name = trial.point;
    if (trial.seed) trial.name += concat(trial.name.empty() ? "" : "_", "seed-", *trial.seed);
    for (int i = 2; !names.insert(trial.name).second; ++i) trial.name = concat(trial.name, "-", i);
  }
}

std::vector<Trial> with_seeds(const std::vector<Trial>& points,
                              const std::vector<std::uint64_t>& seeds) {
  if (seeds.empty()) return points;
  std::vector<Trial> trials;
  for (const Trial& point : points)
    for (const std::uint64_t seed : seeds) {
      Trial& trial = trials.emplace_back(point);
      trial.seed = seed;
      trial.overrides.push_back(concat("seed=", seed));
    }
  return trials;
}

std::vector<Trial> trials_of(const Json& file, std::uint64_t first_seed, Faults& faults) {
  std::vector<SweepAxis> axes;
  const Json over = file.value("over", Json::object());
  if (!over.is_object())
    faults.add("/over", concat("expected an object, found ", over.dump(), "."));
  else
    for (const auto& [path, value] : over.items()) axes.push_back(read_axis(path, value, faults));
  const Json random = file.value("random", Json());
  const bool has_range = std::ranges::any_of(axes, &SweepAxis::is_range);
  if (has_range && random.is_null())
    faults.add("/random", "a range needs to know how many points: \"random\": 20.");
  if (!random.is_null() && (!random.is_number_integer() || random.get<std::int64_t>() < 1 ||
                            random.get<std::int64_t>() > static_cast<std::int64_t>(k_most_trials)))
    faults.add("/random", concat("expected how many points, 1 to ", k_most_trials, ", found ",
                                 random.dump(), "."));
  const std::vector<std::uint64_t> seeds =
      read_seeds(file.value("seeds", Json()), first_seed, faults);
  faults.require_none();
  std::vector<Trial> trials = with_seeds(
      random.is_null() ? grid(axes) : random_points(axes, random.get<std::size_t>()), seeds);
  if (trials.size() > k_most_trials)
    throw Error(Exit::bad_recipe, concat(faults.file, ": more than ", k_most_trials,
                                         " trials. Take fewer values, or some at \"random\"."));
  name_trials(trials);
  return trials;
}

}  // namespace

SweepPlan read_sweep(const Options& options) {
  const Json file = sweep_file(options);
  Faults faults{options.operands[0], {}};
  const std::vector<std::string> known = {"$schema", "recipe", "name", "over",
                                          "seeds",   "random", "jobs", "stop"};
  for (const auto& [key, value] : file.items())
    if (std::ranges::find(known, key) == known.end())
      faults.add("/" + key, concat("there is no such key.", suggestion(key, known)));
  SweepPlan plan;
  plan.recipe =
      (fs::absolute(options.operands[0]).parent_path() / file.at("recipe").get<std::string>())
          .lexically_normal()
          .string();
  const Json name = file.value("name", Json(fs::path(options.operands[0]).stem().string()));
  if (!name.is_string() || !is_path_word(name.get<std::string>()))
    faults.add("/name", "expected a name of letters, digits, '.', '_' and '-'.");
  const Json jobs = file.value("jobs", Json(1));
  if (!jobs.is_number_integer() || jobs.get<std::int64_t>() < 1 || jobs.get<std::int64_t>() > 1024)
    faults.add("/jobs", concat("expected 1 to 1024, found ", jobs.dump(), "."));
  if (file.contains("stop")) plan.stop = read_stop(file["stop"], faults);
  const std::uint64_t seed = inspect_recipe(plan.recipe, options.overrides).seed;
  plan.trials = trials_of(file, seed, faults);
  plan.jobs = options.jobs > 0 ? options.jobs : jobs.get<int>();
  plan.folder = options.run.empty() ? "runs/" + name.get<std::string>() : options.run;
  return plan;
}

}  // namespace weft::host
