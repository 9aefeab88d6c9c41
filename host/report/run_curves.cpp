// SPDX-License-Identifier: Apache-2.0
#include "host/report/run_curves.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Where an event stands: the place of its stage, and its step in there.
using StagePoint = std::pair<std::size_t, std::int64_t>;
using Latest = std::map<StagePoint, const Json*>;

double number_in(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

class Steps {
 public:
  /// @return nothing for an event without stage and step
  const StagePoint* place(const Json& event) {
    const auto stage = event.find("stage"), step = event.find("step");
    if (stage == event.end() || !stage->is_string() || step == event.end() ||
        !step->is_number_integer())
      return nullptr;
    const auto name = stage->get<std::string>();
    const auto found = std::ranges::find(names_, name);
    last_ = {static_cast<std::size_t>(found - names_.begin()), step->get<std::int64_t>()};
    if (found == names_.end()) names_.push_back(name), lengths_.push_back(0);
    lengths_[last_.first] = std::max(lengths_[last_.first], last_.second);
    return &last_;
  }

  double of(const StagePoint& point) const {
    double before = 0;
    for (std::size_t i = 0; i < point.first; ++i) before += static_cast<double>(lengths_[i]);
    return before + static_cast<double>(point.second);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::int64_t> lengths_;
  StagePoint last_;
};

void add(std::vector<ChartPoint>& curve, double x, double y) {
  curve.push_back({x, y, y, y});
}

void add_step(RunCurves& curves, double x, const Json& event) {
  const Json losses = event.value("losses", Json::object());
  for (const auto& [name, value] : losses.items())
    add(curves.losses[name], x, number_in(losses, name));
  add(curves.learning_rate, x, number_in(event, "learning_rate"));
  add(curves.gradient_norm, x, number_in(event, "gradient_norm"));
  add(curves.seconds, x, number_in(event, "seconds"));
  add(curves.waited, x, number_in(event, "waited"));
  curves.steps = static_cast<std::int64_t>(x);
}

void add_measure(RunCurves& curves, double x, const Json& event) {
  const Json values = event.value("values", Json::object());
  const Json low = event.value("low", Json::object()), high = event.value("high", Json::object());
  for (const auto& [name, value] : values.items()) {
    ChartPoint point{x, number_in(values, name), number_in(low, name), number_in(high, name)};
    if (!std::isfinite(point.low) || !std::isfinite(point.high)) point.low = point.high = point.y;
    curves.measured[name].push_back(point);
  }
}

}  // namespace

RunCurves curves_of(const std::vector<Json>& events) {
  Steps places;
  Latest steps, measures;
  for (const Json& event : events) {
    const bool is_step = event["event"] == "step";
    if (!is_step && event["event"] != "measure") continue;
    if (const StagePoint* const place = places.place(event))
      (is_step ? steps : measures)[*place] = &event;
  }
  RunCurves curves;
  for (const auto& [place, event] : steps) add_step(curves, places.of(place), *event);
  for (const auto& [place, event] : measures) add_measure(curves, places.of(place), *event);
  for (std::size_t i = 0; i < places.names().size(); ++i)
    curves.stages.emplace_back(places.of({i, 0}), places.names()[i]);
  return curves;
}

}  // namespace weft::host
