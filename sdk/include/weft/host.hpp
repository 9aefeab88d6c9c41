// SPDX-License-Identifier: Apache-2.0
/// libweft in C++17: train a recipe, evaluate its run, and ask the run, from a program of your own.
///
///   weft::Run run = weft::open("recipe.json").train("runs/a");
///   weft::Predictor predictor = weft::load("runs/a").predictor();
///   std::cout << predictor({{"text", "Which digit is written?"}, {"picture",
///   bytes}})["answer"].text;
///
/// Link `weft::host` of find_package(Weft COMPONENTS host). <weft/host.h> has the contract.

#pragma once

#include <weft/host.h>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weft {

/// A call into libweft failed. `what()` is a sentence for people; `exit` is a code of
/// docs/exit-codes.md, such as 78 for a wrong recipe.
class HostError : public std::runtime_error {
 public:
  /// @param code      of docs/exit-codes.md, never 0
  /// @param sentence  for people
  HostError(std::int32_t code, const std::string& sentence)
      : std::runtime_error(sentence), exit(code) {}
  std::int32_t exit;  ///< the code
};

/// Who is told; an empty function is not called.
struct Observer {
  std::function<void(const std::string& sentence)> note;     ///< something worth knowing
  std::function<void(const std::string& sentence)> warning;  ///< something that may be wrong
  std::function<void(const weft_host_step& step)> step;      ///< each step
  std::function<void(const std::string& stage, std::int64_t step)> saved;  ///< a checkpoint
  std::function<bool()> stop;  ///< asked after each step: true saves and ends with exit code 75
};

/// How recipes and runs are opened; weft_host_settings says what each means.
struct HostSettings {
  std::vector<std::string> set;      ///< PATH=VALUE
  std::vector<std::string> plugins;  ///< folders
  std::int32_t threads = 0;          ///< 0: the recipe's, else the machine's
  bool allow_commands = false;       ///< whether commands (pipe:…) may run
  Observer observer = {};            ///< who is told
};

/// By "metric.output".
using Scores = std::map<std::string, double>;

/// What one output says of an example.
struct Prediction {
  std::string text;           ///< the class's name, or the text that was written
  std::int64_t index = -1;    ///< of the class
  std::vector<float> scores;  ///< a class's probability each
};

namespace detail {

inline void require(std::int32_t code) {
  if (code != 0) throw HostError(code, weft_host_error());
}

/// The settings in C, and what they point to.
class Settings {
 public:
  explicit Settings(const HostSettings& from) : from_(from) {
    for (const std::string& one : from_.set) set_.push_back(one.c_str());
    for (const std::string& one : from_.plugins) plugins_.push_back(one.c_str());
    observer_ = {sizeof observer_, this, note, warning, step, saved, stop};
    settings_ = {sizeof settings_,
                 set_.data(),
                 set_.size(),
                 plugins_.data(),
                 plugins_.size(),
                 from_.threads,
                 from_.allow_commands ? 1 : 0,
                 &observer_};
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  const weft_host_settings* get() const { return &settings_; }

 private:
  static const Observer& observer(void* user) {
    return static_cast<Settings*>(user)->from_.observer;
  }
  static void note(void* user, const char* text) {
    if (observer(user).note) observer(user).note(text);
  }
  static void warning(void* user, const char* text) {
    if (observer(user).warning) observer(user).warning(text);
  }
  static void step(void* user, const weft_host_step* step) {
    if (observer(user).step) observer(user).step(*step);
  }
  static void saved(void* user, const char* stage, std::int64_t step) {
    if (observer(user).saved) observer(user).saved(stage, step);
  }
  static int stop(void* user) { return observer(user).stop && observer(user).stop() ? 1 : 0; }

  const HostSettings& from_;
  std::vector<const char*> set_, plugins_;
  weft_host_observer observer_;
  weft_host_settings settings_;
};

inline Scores take(weft_host_scores* scores) {
  Scores taken;
  for (std::size_t i = 0; scores != nullptr && i < weft_host_scores_count(scores); ++i)
    taken[weft_host_scores_name(scores, i)] = weft_host_scores_value(scores, i);
  weft_host_scores_free(scores);
  return taken;
}

struct FreePredictor {
  void operator()(weft_host_predictor* predictor) const { weft_host_predictor_free(predictor); }
};

}  // namespace detail

/// A trained run that answers.
class Predictor {
 public:
  /// Opens the newest checkpoint of a run. No training shard is read.
  /// @param run       its folder
  /// @param settings  how it is opened
  /// @param section   whose fields an example has; empty: the evaluation's
  /// @throws HostError
  Predictor(const std::string& run, const HostSettings& settings, const std::string& section = "") {
    weft_host_predictor* opened = nullptr;
    detail::require(weft_host_predictor_open(run.c_str(), detail::Settings(settings).get(),
                                             section.empty() ? nullptr : section.c_str(), &opened));
    predictor_.reset(opened);
  }

  /// Answers one example.
  /// @param fields  by name: the bytes of a picture's or recording's file, or a text
  /// @return by the name of the node that answers
  std::map<std::string, Prediction> operator()(const std::map<std::string, std::string>& fields) {
    std::vector<weft_host_field> given;
    for (const auto& field : fields)
      given.push_back({field.first.c_str(), field.second.data(), field.second.size()});
    const weft_host_answer* answers = nullptr;
    std::size_t count = 0;
    detail::require(
        weft_host_predict(predictor_.get(), given.data(), given.size(), &answers, &count));
    std::map<std::string, Prediction> predictions;
    for (std::size_t i = 0; i < count; ++i) {
      const weft_host_answer& one = answers[i];
      predictions[one.name] = {one.text, one.index, {one.scores, one.scores + one.score_count}};
    }
    return predictions;
  }

 private:
  std::unique_ptr<weft_host_predictor, detail::FreePredictor> predictor_;
};

/// A run folder.
class Run {
 public:
  /// Names a folder; load() and Session::train() make a run.
  Run(std::string folder, HostSettings settings, Scores scores = {})
      : folder_(std::move(folder)), settings_(std::move(settings)), scores_(std::move(scores)) {}

  /// Where it is.
  const std::string& folder() const { return folder_; }
  /// Of the evaluation that ended training.
  const Scores& scores() const { return scores_; }

  /// Evaluates its newest checkpoint.
  /// @param split  train, val or test; empty: the recipe's
  Scores evaluate(const std::string& split = "") const {
    weft_host_scores* scores = nullptr;
    detail::require(weft_host_evaluate(folder_.c_str(), detail::Settings(settings_).get(),
                                       split.empty() ? nullptr : split.c_str(), &scores));
    return detail::take(scores);
  }
  /// Opens it for questions.
  /// @param section  whose fields an example has; empty: the evaluation's
  Predictor predictor(const std::string& section = "") const {
    return Predictor(folder_, settings_, section);
  }

 private:
  std::string folder_;
  HostSettings settings_;
  Scores scores_;
};

/// A recipe that was checked.
class Session {
 public:
  /// Checks the recipe at a path. @throws HostError with all mistakes
  Session(std::string recipe, HostSettings settings)
      : recipe_(std::move(recipe)), settings_(std::move(settings)) {
    detail::require(weft_host_check(recipe_.c_str(), detail::Settings(settings_).get()));
  }

  /// Trains into a new run folder.
  Run train(const std::string& run) const { return begin(run, WEFT_HOST_CREATE); }
  /// Goes on from the newest checkpoint.
  Run resume(const std::string& run) const { return begin(run, WEFT_HOST_RESUME); }
  /// Trains into a run folder whose content is lost.
  Run overwrite(const std::string& run) const { return begin(run, WEFT_HOST_OVERWRITE); }

 private:
  Run begin(const std::string& run, std::int32_t mode) const {
    weft_host_scores* scores = nullptr;
    detail::require(weft_host_train(recipe_.c_str(), detail::Settings(settings_).get(), run.c_str(),
                                    mode, &scores));
    return {run, settings_, detail::take(scores)};
  }

  std::string recipe_;
  HostSettings settings_;
};

/// Checks a recipe.
inline Session open(const std::string& recipe, HostSettings settings = {}) {
  return {recipe, std::move(settings)};
}

/// A run that was trained before.
inline Run load(const std::string& run, HostSettings settings = {}) {
  return {run, std::move(settings)};
}

}  // namespace weft
