// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/meaning.hpp"

namespace weft::host {
namespace {

/// 0 for what is no integer, which the schema has reported.
std::int64_t integer_at(const Value& object, const char* key) {
  const Value& value = section(object, key);
  return value.integer() ? *value.integer() : 0;
}

class StageCheck {
 public:
  StageCheck(const Value& stage, const std::string& pointer, Findings& findings)
      : stage_(stage), pointer_(pointer), findings_(findings), steps_(integer_at(stage, "steps")) {}

  void losses() {
    for (const Member& loss : section(stage_, "losses").members()) {
      const std::string place = child(child(pointer_, "losses"), loss.key);
      const Value* from = loss.value.find("from");
      const Value* to = loss.value.find("to");
      if (from && to && from->is_number() && to->is_number() && from->number() == 0.0 &&
          to->number() == 0.0)
        add(loss.value, place, "the weight is 0 throughout. Leave the loss out.");
      const Value::List& over = section(loss.value, "over").items();
      if (over.size() == 2 && over[0].integer() && over[1].integer() &&
          *over[0].integer() >= *over[1].integer())
        add(*loss.value.find("over"), child(place, "over"),
            concat("expected two steps, the first one earlier, found [", *over[0].integer(), ", ",
                   *over[1].integer(), "]."));
    }
  }

  void loss_scale() {
    const Value* scale = stage_.find("loss_scale");
    const std::string* precision = section(stage_, "precision").text();
    if (scale != nullptr && (precision == nullptr || *precision != "fp16"))
      add(*scale, child(pointer_, "loss_scale"),
          "it scales the losses of a stage that computes in float16. Set \"precision\": \"fp16\", "
          "or leave it out.");
  }

  void learning_rate() {
    const Value& schedule = section(stage_, "schedule");
    const std::int64_t warmup = integer_at(schedule, "warmup");
    const std::int64_t decay = integer_at(schedule, "decay");
    if (decay > 0 && steps_ > 0 && warmup + decay > steps_)
      add(*schedule.find("decay"), child(child(pointer_, "schedule"), "decay"),
          concat("warmup and decay take ", warmup + decay, " steps, and the stage has ", steps_,
                 ". Make one of them shorter."));
  }

  void groups() {
    for (const Member& group : section(stage_, "train").members())
      if (steps_ > 0 && integer_at(group.value, "from_step") >= steps_)
        add(*group.value.find("from_step"),
            child(child(child(pointer_, "train"), group.key), "from_step"),
            concat("the stage has ", steps_, " steps, of which the last is ", steps_ - 1,
                   ": this never learns. Take an earlier step, or freeze it."));
  }

  void keep_best() {
    const Value& best = section(stage_, "keep_best");
    const Value& metric = section(best, "metric");
    if (metric.text() == nullptr) return;
    const std::string place = child(pointer_, "keep_best");
    std::vector<std::string> known;
    for (const Value& name : section(stage_, "metrics").items())
      if (name.text()) known.push_back(*name.text());
    const std::string name = metric.text()->substr(0, metric.text()->find('.'));
    if (std::ranges::find(known, name) == known.end())
      add(metric, child(place, "metric"),
          concat("the stage measures no metric \"", name, "\".", suggestion(name, known),
                 " Name it in the stage's \"metrics\"."));
    if (integer_at(stage_, "eval_every") == 0)
      add(best, place,
          "evaluations are compared, and the stage has one at its end alone. Set "
          "eval_every.");
  }

 private:
  void add(const Value& value, const std::string& pointer, const std::string& text) {
    findings_.add(value.origin, pointer, text);
  }

  const Value& stage_;
  const std::string& pointer_;
  Findings& findings_;
  const std::int64_t steps_;
};

}  // namespace

void check_stage(const Value& stage, const std::string& pointer, Findings& findings) {
  StageCheck check(stage, pointer, findings);
  check.losses();
  check.loss_scale();
  check.learning_rate();
  check.groups();
  check.keep_best();
}

}  // namespace weft::host
