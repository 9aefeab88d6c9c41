// SPDX-License-Identifier: Apache-2.0
/// <weft/host.h>: the session as C functions.

#include <weft/host.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/ending.hpp"
#include "host/session/prediction.hpp"
#include "host/session/runs.hpp"

struct weft_host_scores {
  std::vector<std::pair<std::string, double>> values;
};

struct weft_host_predictor {
  weft::host::Predictor predictor;
  weft::host::Prediction last;
  std::vector<weft_host_answer> answers;
};

namespace weft::host {
namespace {

thread_local std::string last_error;

template <class Work>
std::int32_t guarded_call(const Work& work) {
  try {
    work();
    return 0;
  } catch (...) {
    const Ending ending = current_ending();
    last_error = ending.sentence;
    return static_cast<std::int32_t>(ending.exit);
  }
}

/// What the caller's struct holds of ours: an older caller's ends earlier, and the rest is zero.
template <class Struct>
Struct taken(const Struct* given) {
  Struct whole{};
  if (given != nullptr)
    std::memcpy(&whole, given, std::min<std::size_t>(given->size, sizeof whole));
  return whole;
}

std::string required(const char* text, const char* what) {
  if (text != nullptr && *text != '\0') return text;
  throw Error(Exit::usage, concat(what, " is missing: give its path."));
}

SessionSettings settings_of(const weft_host_settings& from) {
  SessionSettings settings;
  for (std::size_t i = 0; i < from.override_count; ++i)
    settings.overrides.emplace_back(from.overrides[i]);
  for (std::size_t i = 0; i < from.plugin_count; ++i)
    settings.plugins.emplace_back(from.plugins[i]);
  settings.threads = from.threads;
  settings.commands = from.allow_commands != 0 ? Commands::run : Commands::refused;
  return settings;
}

/// Hands what the session tells to the caller's functions.
class CallerObserver final : public Observer {
 public:
  explicit CallerObserver(const weft_host_observer* observer) : to_(taken(observer)) {}

  void note(const std::string& sentence) override {
    if (to_.note != nullptr) to_.note(to_.user, sentence.c_str());
  }
  void warning(const std::string& sentence) override {
    if (to_.warning != nullptr) to_.warning(to_.user, sentence.c_str());
  }
  void remark(const std::string& sentence) override { warning(sentence); }
  void step_ends(const StepReport& report) override {
    const weft_host_step step{sizeof step,         report.stage.c_str(),      report.step,
                              report.steps,        report.losses.at("total"), report.learning_rate,
                              report.gradient_norm};
    if (to_.step != nullptr) to_.step(to_.user, &step);
    if (to_.stop != nullptr && to_.stop(to_.user) != 0) stop_ = true;
  }
  void saved(const std::string& stage, std::int64_t step) override {
    if (to_.saved != nullptr) to_.saved(to_.user, stage.c_str(), step);
  }
  const std::atomic<bool>* stop() const { return &stop_; }

 private:
  weft_host_observer to_;
  std::atomic<bool> stop_ = false;
};

weft_host_scores* scores_of(const Result& result) {
  return new weft_host_scores{{result.evaluation.all.begin(), result.evaluation.all.end()}};
}

RunFolder::Mode mode_of(std::int32_t mode) {
  switch (mode) {
    case WEFT_HOST_CREATE: return RunFolder::Mode::create;
    case WEFT_HOST_RESUME: return RunFolder::Mode::resume;
    case WEFT_HOST_OVERWRITE: return RunFolder::Mode::overwrite;
    default:
      throw Error(Exit::usage, concat("the mode ", mode,
                                      " is none of WEFT_HOST_CREATE, RESUME and "
                                      "OVERWRITE."));
  }
}

}  // namespace
}  // namespace weft::host

using namespace weft::host;  // NOLINT(google-build-using-namespace): only definitions follow

const char* weft_host_error() {
  return last_error.c_str();
}

int32_t weft_host_check(const char* recipe, const weft_host_settings* settings) {
  return guarded_call(
      [&] { check_recipe(required(recipe, "the recipe"), settings_of(taken(settings))); });
}

int32_t weft_host_train(const char* recipe, const weft_host_settings* settings, const char* run,
                        int32_t mode, weft_host_scores** scores) {
  return guarded_call([&] {
    if (scores != nullptr) *scores = nullptr;
    const weft_host_settings given = taken(settings);
    CallerObserver observer(given.observer);
    const std::optional<Result> result =
        train_run(required(recipe, "the recipe"), settings_of(given),
                  {run != nullptr ? run : "", mode_of(mode), observer.stop()}, observer);
    if (result && scores != nullptr) *scores = scores_of(*result);
  });
}

int32_t weft_host_evaluate(const char* run, const weft_host_settings* settings, const char* split,
                           weft_host_scores** scores) {
  return guarded_call([&] {
    const std::string chosen = split != nullptr ? split : "";
    if (!chosen.empty() && chosen != "train" && chosen != "val" && chosen != "test")
      throw Error(Exit::usage, concat("the split is train, val or test, found \"", chosen, "\"."));
    const weft_host_settings given = taken(settings);
    CallerObserver observer(given.observer);
    *scores = scores_of(evaluate_run(required(run, "the run folder"), settings_of(given), chosen,
                                     /*locked=*/false, observer));
  });
}

size_t weft_host_scores_count(const weft_host_scores* scores) {
  return scores->values.size();
}

const char* weft_host_scores_name(const weft_host_scores* scores, size_t index) {
  return scores->values[index].first.c_str();
}

double weft_host_scores_value(const weft_host_scores* scores, size_t index) {
  return scores->values[index].second;
}

void weft_host_scores_free(weft_host_scores* scores) {
  delete scores;
}

int32_t weft_host_predictor_open(const char* run, const weft_host_settings* settings,
                                 const char* section, weft_host_predictor** out) {
  return guarded_call([&] {
    const weft_host_settings given = taken(settings);
    const SessionSettings opened = settings_of(given);
    CallerObserver observer(given.observer);
    *out = new weft_host_predictor{Predictor(open_run(required(run, "the run folder"), opened,
                                                      Opens::none, /*locked=*/false, observer),
                                             opened, {section != nullptr ? section : "", {}, 0}),
                                   {},
                                   {}};
  });
}

void weft_host_predictor_free(weft_host_predictor* predictor) {
  delete predictor;
}

int32_t weft_host_predict(weft_host_predictor* predictor, const weft_host_field* fields,
                          size_t field_count, const weft_host_answer** answers,
                          size_t* answer_count) {
  return guarded_call([&] {
    GivenExample example{"input", {}};
    for (std::size_t i = 0; i < field_count; ++i)
      example.fields[fields[i].name] =
          std::string(static_cast<const char*>(fields[i].bytes), fields[i].size);
    predictor->last = predictor->predictor.predict(example);
    predictor->answers.clear();
    for (const Answer& answer : predictor->last.answers)
      predictor->answers.push_back({answer.name.c_str(), answer.text.c_str(),
                                    answer.index.value_or(-1), answer.scores.data(),
                                    answer.scores.size()});
    *answers = predictor->answers.data();
    *answer_count = predictor->answers.size();
  });
}
