// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include "host/base/text.hpp"
#include "host/recipe/plan.hpp"
#include "host/recipe/reader.hpp"

namespace weft::host {
namespace {

Schedule read_schedule(const Value& value, std::int64_t steps) {
  if (value.object() == nullptr) return value.number();
  Schedule schedule(section(value, "from").number());
  schedule.to = section(value, "to").number();
  schedule.last = steps - 1;
  const Value::List& over = section(value, "over").items();
  if (over.size() == 2 && over[0].integer() && over[1].integer()) {
    schedule.first = *over[0].integer();
    schedule.last = *over[1].integer();
  }
  schedule.is_cosine = Reader(value).text("shape") == "cosine";
  return schedule;
}

OptimizerPlan read_optimizer(const Value& value) {
  OptimizerPlan plan;
  for (const Member& setting : value.members()) {
    if (setting.key == "use" && setting.value.text()) plan.use = *setting.value.text();
    if (setting.value.is_number()) plan.settings[setting.key] = setting.value.number();
    if (setting.value.boolean()) plan.settings[setting.key] = *setting.value.boolean() ? 1.0 : 0.0;
  }
  const auto take = [&](const char* key) {
    const auto node = plan.settings.extract(key);
    return node.empty() ? 0.0 : node.mapped();
  };
  plan.lr = take("lr");
  plan.weight_decay = take("weight_decay");
  if (const Value* others = value.find("adamw")) {
    plan.others.push_back(read_optimizer(*others));
    plan.also_adamw = Reader(*others).texts("match");
  }
  return plan;
}

SchedulePlan read_learning_rate(const Value& value) {
  using Shape = SchedulePlan::Shape;
  static const std::map<std::string, Shape> shapes = {{"constant", Shape::constant},
                                                      {"linear", Shape::linear},
                                                      {"wsd", Shape::wsd},
                                                      {"inverse_sqrt", Shape::inverse_sqrt}};
  const Reader schedule(value);
  const auto shape = shapes.find(schedule.text("shape"));
  return {schedule.integer("warmup"), schedule.number("min_ratio"),
          shape == shapes.end() ? Shape::cosine : shape->second, schedule.integer("decay")};
}

void read_groups(const Value& train, StagePlan& plan) {
  for (const Member& pattern : train.members()) {
    const Reader group(pattern.value);
    plan.train.push_back(pattern.key);
    plan.groups.push_back({group.number("lr_mult"), group.number("layer_decay"),
                           group.integer("from_step"), group.flag("weight_decay")});
  }
}

DivergencePlan read_divergence(const Value& value) {
  using Action = DivergencePlan::Action;
  const std::string action = Reader(value).text("do");
  DivergencePlan plan;
  if (action != "skip" && action != "rollback") return plan;
  plan.action = action == "skip" ? Action::skip : Action::rollback;
  plan.times = Reader(value).integer("times");
  if (plan.action == Action::rollback) plan.lr_mult = Reader(value).number("lr_mult");
  return plan;
}

KeepBestPlan read_keep_best(const Value& value) {
  const Reader best(value);
  return {best.text("metric"), best.text("mode") != "min", best.integer("patience"),
          best.number("min_delta")};
}

ModulatePlan read_modulate(const Value& value) {
  const Reader modulate(value);
  const WireText scale = split_wire(modulate.text("scale"));
  return {scale.node, scale.port, modulate.texts("groups"), modulate.flag("noise")};
}

DType read_precision(const std::string& name) {
  return name == "bf16" ? DType::bfloat16 : name == "fp16" ? DType::float16 : DType::float32;
}

LossScalePlan read_loss_scale(const Value* value) {
  if (value == nullptr) return {};
  const Reader scale(*value);
  return {scale.number("initial"), scale.integer("growth_interval")};
}

/// "teacher:ce" for a node that is seen through a view.
std::string seen_node(const WireText& wire) {
  return wire.view.empty() ? wire.node : concat(wire.view, ":", wire.node);
}

SelectPlan read_select(const Value* value) {
  if (value == nullptr) return {};
  const Reader select(*value);
  const WireText by = split_wire(select.text("by"));
  return {seen_node(by), by.port, select.integer("draw"), select.text("keep") != "lowest"};
}

CurriculumPlan read_curriculum(const Value* value, std::int64_t stage_steps) {
  if (value == nullptr) return {};
  const std::string by = Reader(*value).text("easy_first");
  const Reader competence(section(*value, "competence"));
  CurriculumPlan plan;
  if (by.starts_with("/")) {
    plan.pointer = by;
  } else {
    const WireText wire = split_wire(by);
    plan.node = seen_node(wire);
    plan.port = wire.port;
  }
  plan.competence = competence.number("from");
  plan.steps = competence.integer("steps");
  if (plan.steps == 0) plan.steps = stage_steps;
  return plan;
}

}  // namespace

StagePlan read_stage(const Value& value, const std::string& pointer) {
  const Reader stage(value);
  StagePlan plan;
  plan.name = stage.text("name");
  plan.data = stage.text("data");
  plan.from = stage.text("from");
  plan.steps = stage.integer("steps");
  plan.batch_size = stage.integer("batch_size");
  plan.grad_accumulation = stage.integer("grad_accumulation");
  for (const Member& loss : section(value, "losses").members())
    plan.losses[loss.key] = read_schedule(loss.value, plan.steps);
  plan.train = stage.texts("train");
  read_groups(section(value, "train"), plan);
  plan.freeze = stage.texts("freeze");
  plan.optimizer = read_optimizer(section(value, "optimizer"));
  plan.schedule = read_learning_rate(section(value, "schedule"));
  plan.modulate = read_modulate(section(value, "modulate"));
  plan.precision = read_precision(stage.text("precision"));
  plan.loss_scale = read_loss_scale(value.find("loss_scale"));
  plan.select = read_select(value.find("select"));
  plan.curriculum = read_curriculum(value.find("curriculum"), plan.steps);
  plan.recompute = stage.texts("recompute");
  plan.clip_norm = stage.number("clip_norm");
  plan.log_every = stage.integer("log_every");
  plan.save_every = stage.integer("save_every");
  plan.eval_every = stage.integer("eval_every");
  plan.metrics = stage.texts("metrics");
  plan.keep_best = read_keep_best(section(value, "keep_best"));
  plan.on_divergence = read_divergence(section(value, "on_divergence"));
  plan.place = place_at(value.origin, pointer);
  return plan;
}

}  // namespace weft::host
