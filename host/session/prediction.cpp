// SPDX-License-Identifier: Apache-2.0
#include "host/session/prediction.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/fields/normalization.hpp"
#include "host/engine/autograd.hpp"
#include "host/evaluation/shared_batches.hpp"
#include "host/generation/write.hpp"

namespace weft::host {
namespace {

std::size_t output_named(const Instance& part, const std::string& name) {
  for (std::size_t i = 0; i < part.outputs().size(); ++i)
    if (part.outputs()[i].name == name) return i;
  return part.outputs().size();
}

const InputSource* source_at(const Node& node, const PortWires& wires, const std::string& port) {
  for (std::size_t i = 0; i < wires.size(); ++i)
    if (node.instance.inputs()[i].name == port && wires[i].size() == 1) return &wires[i].front();
  return nullptr;
}

/// What probability the softmax gives each of the logits.
std::vector<float> softmax(const float* logits, std::int64_t count) {
  const float most = *std::max_element(logits, logits + count);
  std::vector<float> scores;
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    scores.push_back(std::exp(logits[i] - most));
    sum += scores.back();
  }
  for (float& score : scores) score = static_cast<float>(score / sum);
  return scores;
}

template <class T>
void append_as(const Array& array, std::int64_t begin, std::int64_t count,
               std::vector<float>& values) {
  for (std::int64_t i = begin; i < begin + count; ++i)
    values.push_back(static_cast<float>(array.data<T>()[i]));
}

/// Numbers of any element type as float32.
void append(const Array& array, std::int64_t begin, std::int64_t count,
            std::vector<float>& values) {
  switch (array.dtype) {
    case DType::boolean: return append_as<bool>(array, begin, count, values);
    case DType::uint8: return append_as<std::uint8_t>(array, begin, count, values);
    case DType::int32: return append_as<std::int32_t>(array, begin, count, values);
    case DType::int64: return append_as<std::int64_t>(array, begin, count, values);
    case DType::float64: return append_as<double>(array, begin, count, values);
    default: return append_as<float>(array, begin, count, values);
  }
}

/// Numbers in the units of the samples.
void undo(const Normalization& normalization, std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(values[i] * normalization.std_of(i) + normalization.mean_of(i));
}

void add_texts(const std::vector<Sequence>& written, Answer& answer) {
  answer.text = written.front().text;
  for (const Sequence& one : written)
    answer.texts.push_back({one.text, one.log_probability, one.score, one.written,
                            one.constrained ? std::optional(one.is_complete) : std::nullopt});
}

}  // namespace

Predictor::Predictor(TrainedRun run, const SessionSettings& settings, PredictSettings predict)
    : run_(std::move(run)), settings_(settings), predict_(std::move(predict)) {
  const Recipe& recipe = run_.session.recipe;
  const std::string section = !predict_.section.empty()       ? predict_.section
                              : !recipe.evaluate.data.empty() ? recipe.evaluate.data
                                                              : recipe.stages.back().data;
  std::vector<std::string> names;
  for (const DataPlan& plan : recipe.data) {
    names.push_back(plan.name);
    if (plan.name == section) plan_ = plan;
  }
  if (plan_.name.empty())
    throw Error(Exit::usage, concat("the recipe has no data section \"", section, "\".",
                                    suggestion(section, names)));
  options_ = parse_data_options(plan_.config);
  if (predict_.batch == 0) predict_.batch = recipe.evaluate.batch_size;
  for (const std::string& wire : predict_.wires) add_wire(wire);
  if (predict_.only_texts)
    add_heads_of_entries();
  else if (predict_.wires.empty())
    add_heads_of_metrics();
  find_required();
  if (predict_.maps) map_ports_ = map_ports(run_.session.model->wiring(), order_);
}

void Predictor::add(Head head) {
  const auto same = [&](const Head& one) {
    return one.node == head.node && one.port == head.port && one.kind == head.kind;
  };
  if (std::ranges::none_of(heads_, same)) heads_.push_back(std::move(head));
}

const FieldOptions* Predictor::find_field(const std::string& name) const {
  const auto field = std::ranges::find(options_.fields, name, &FieldOptions::name);
  return field != options_.fields.end() ? &*field : nullptr;
}

const Normalization* Predictor::normalization_of(const std::string& name) const {
  const FieldOptions* const field = find_field(name);
  const FieldKind* const kind = field != nullptr ? field->own_kind() : nullptr;
  return kind != nullptr && !kind->reads_bytes() ? kind->undone() : nullptr;
}

/// A metric that reads what a decoder writes says that a text is predicted; one that reads logits
/// beside a class says that this class is, one of a prediction beside numbers that these are, and
/// one of frames beside a text that they say it.
void Predictor::add_heads_of_metrics() {
  const Wiring& wiring = run_.session.model->wiring();
  const std::map<std::string, std::string> texts = text_names(options_);
  for (const std::string& name : run_.session.recipe.evaluate.metrics) {
    const std::size_t metric = wiring.index(name);
    const Node& node = wiring.nodes()[metric];
    const PortWires& wires = wiring.inputs(metric, plan_.name);
    const InputSource* const target = source_at(node, wires, "target");
    const bool has_target = target != nullptr && target->from == InputSource::From::batch;
    const auto text = has_target ? texts.find(target->field) : texts.end();
    for (const std::vector<InputSource>& port : wires)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::generated)
          add({Kind::text, wiring.nodes()[source.node].name, source.node, 0,
               text != texts.end() ? text->second
               : has_target        ? target->field
                                   : ""});
    const InputSource* const number = source_at(node, wires, "prediction");
    if (has_target && number != nullptr && number->from == InputSource::From::node &&
        normalization_of(target->field) != nullptr)
      add({Kind::numbers, wiring.nodes()[number->node].name, number->node, number->port,
           target->field});
    const InputSource* const logits = source_at(node, wires, "logits");
    if (!has_target || logits == nullptr || logits->from != InputSource::From::node) continue;
    const FieldOptions* const field = find_field(target->field);
    if (field == nullptr) continue;
    if (std::holds_alternative<TextOptions>(field->kind))
      add_frames(node, source_at(node, wires, "logits_mask"), *logits, target->field);
    if (!std::holds_alternative<ClassOptions>(field->kind)) continue;
    add({Kind::classes, wiring.nodes()[logits->node].name, logits->node, logits->port,
         target->field});
  }
  if (heads_.empty())
    throw Error(
        Exit::usage,
        "none of the recipe's evaluation metrics reads a class, numbers or a text that is written, "
        "so nothing is known to be predicted. Name an output with --wire NODE.PORT.");
}

void Predictor::add_wire(const std::string& wire) {
  const Wiring& wiring = run_.session.model->wiring();
  const std::size_t dot = wire.rfind('.');
  std::vector<std::string> names;
  for (std::size_t i = 0; i < wiring.nodes().size(); ++i) {
    const Node& node = wiring.nodes()[i];
    for (const Port& output : node.instance.outputs())
      names.push_back(node.name + "." + output.name);
    const bool is_whole = node.name == wire;
    if (!is_whole && (dot == std::string::npos || node.name != wire.substr(0, dot))) continue;
    const std::size_t port = is_whole ? 0 : output_named(node.instance, wire.substr(dot + 1));
    if (port < node.instance.outputs().size()) return add({Kind::values, wire, i, port, ""});
  }
  throw Error(Exit::usage,
              concat("the recipe has no output \"", wire, "\".", suggestion(wire, names)));
}

/// The field that a batch's field comes from: of `text_mask`, `text`.
std::string Predictor::field_of(const std::string& batch_field) const {
  std::string found;
  for (const FieldOptions& field : options_.fields) {
    const bool fits = batch_field == field.name || batch_field == field.mask ||
                      batch_field.starts_with(field.name + "_");
    if (fits && field.name.size() > found.size()) found = field.name;
  }
  return found;
}

void Predictor::find_required() {
  const Wiring& wiring = run_.session.model->wiring();
  std::vector<std::size_t> targets;
  std::set<std::string> read;
  const auto reads = [&](std::size_t node, const std::string& except) {
    const PortWires& wires = wiring.inputs(node, plan_.name);
    for (std::size_t i = 0; i < wires.size(); ++i) {
      if (wiring.nodes()[node].instance.inputs()[i].name == except) continue;
      for (const InputSource& source : wires[i]) {
        if (source.from == InputSource::From::batch) read.insert(base_field(source.field));
        for (const auto& list : source.present)
          for (const std::string& field : list) read.insert(base_field(field));
        if (!except.empty() && source.from == InputSource::From::node)
          targets.push_back(source.node);
      }
    }
  };
  std::vector<std::size_t> decoders;
  for (const Head& head : heads_) {
    (head.kind == Kind::text ? decoders : targets).push_back(head.node);
    if (head.mask.from == InputSource::From::node) targets.push_back(head.mask.node);
    if (head.mask.from == InputSource::From::batch) read.insert(base_field(head.mask.field));
  }
  writers_ = writers_for(wiring, decoders, run_.session.recipe.evaluate.generate, plan_.name);
  std::vector<std::size_t> first = targets;  // what needs nothing that a decoder writes
  std::set<std::string> filled;
  for (const std::size_t writer : writers_) {
    reads(writer, tokens_port(wiring.nodes()[writer]));
    const GenerationPlan& entry =
        *entry_of(run_.session.recipe.evaluate.generate, wiring.nodes()[writer]);
    if (!entry.draft.node.empty()) {
      const std::size_t draft = wiring.index(entry.draft.node);
      reads(draft, tokens_port(wiring.nodes()[draft]));
    }
    for (const std::size_t steers : steering(entry, writer, targets))
      reads(steers, tokens_port(wiring.nodes()[steers]));
    if (!reads_any(wiring, upstream(wiring, writer, plan_.name), plan_.name, filled))
      std::ranges::copy(upstream(wiring, writer, plan_.name), std::back_inserter(first));
    const std::string field = tokens_field(wiring, writer, plan_.name);
    filled.insert({field, field + "_mask"});
  }
  order_ = wiring.needed(first);
  for (const std::size_t node : wiring.needed(targets)) reads(node, "");
  for (const std::string& field : read)
    if (const std::string base = field_of(field); !base.empty() && !filled.contains(base))
      required_.insert(base);
}

std::set<std::string> Predictor::known() const {
  std::set<std::string> fields = required_;
  for (const Head& head : heads_)
    if (!head.target.empty()) fields.insert(head.target);
  if (predict_.only_texts)
    for (const std::size_t writer : writers_)
      fields.insert(tokens_field(run_.session.model->wiring(), writer, plan_.name));
  return fields;
}

bool Predictor::is_media(const std::string& name) const {
  const FieldOptions* const field = find_field(name);
  return field != nullptr && field->is_media();
}

std::vector<std::string> Predictor::classes(const std::string& answer) const {
  for (const Head& head : heads_)
    if (head.name == answer && head.kind == Kind::classes)
      return std::get<ClassOptions>(find_field(head.target)->kind).classes;
  return {};
}

Dataset Predictor::open(const std::set<std::string>& fields, const PredictedShards& shards) const {
  const std::string kept = kept_tokenizer(run_.folder, plan_.name);
  const auto opened = [&](const std::string& section, const Dataset* training) {
    return Dataset::open(plan_.name, section, cache_folder(), nullptr, kept, settings_.commands,
                         training);
  };
  const std::string section = section_to_predict(plan_.config, fields, shards);
  const std::string shown = shards.are_split ? "" : section_of_shots(plan_.config, fields);
  if (shown.empty()) return opened(section, nullptr);
  const Dataset training = opened(shown, nullptr);
  return opened(section, &training);
}

Prediction Predictor::predict(const GivenExample& example) {
  std::vector<std::string> names;
  for (const FieldOptions& field : options_.fields) {
    names.push_back(field.name);
    if (required_.contains(field.name) && !field.is_optional &&
        !example.fields.contains(field.name))
      throw Error(Exit::usage, concat("the model reads the field \"", field.name,
                                      "\", which is not given. Give ",
                                      enumerate({required_.begin(), required_.end()}), "."));
  }
  std::set<std::string> opened = required_;  // an optional field that is absent is known to be so
  for (const auto& [field, bytes] : example.fields) {
    if (find_field(field) == nullptr)
      throw Error(Exit::usage, concat("data section \"", plan_.name, "\" has no field \"", field,
                                      "\".", suggestion(field, names)));
    opened.insert(field);
  }
  if (!given_ || given_->first != opened) given_.emplace(opened, open(opened, {}));
  return predict_batch(given_->second, given_batch(given_->second, {example}), 0).front();
}

void Predictor::predict_all(const Dataset& data, Split split, const Take& take) {
  SharedBatches batches(data, split, predict_.batch, *predict_.ranks);
  for (Batch batch; batches.next(batch);) {
    if (batch.size > 0)
      for (const Prediction& one : predict_batch(data, batch, batches.first_row())) take(one);
    predict_.after_round();
  }
}

void Predictor::predict_split(Split split, const Take& take) {
  const bool are_split = options_.split && options_.split->makes(split);
  const std::vector<std::string>& shards =
      options_.shards[static_cast<std::size_t>(are_split ? Split::train : split)];
  if (shards.empty())
    throw Error(Exit::usage, concat("data section \"", plan_.name, "\" has no shards for the part ",
                                    split_name(split), "."));
  predict_all(open(known(), {shards, true, are_split}), are_split ? split : Split::test, take);
}

void Predictor::predict_shard(const std::string& path, const Take& take) {
  const ShardLook look = look_at_shard(plan_.config, known(), path);
  std::set<std::string> fields = required_;
  fields.insert(look.fields.begin(), look.fields.end());
  predict_all(open(fields, {{path}, look.is_listed, false}), Split::test, take);
}

std::vector<Prediction> Predictor::predict_batch(const Dataset& data, const Batch& batch,
                                                 std::uint64_t first_row) {
  const GradMode off(false);
  std::vector<Prediction> predictions;
  for (const std::string& key : batch.keys) predictions.push_back({key, {}, {}});
  TensorMap tensors;
  for (const auto& [name, array] : batch.fields) tensors[name] = from_array(array);
  CallOptions options;
  options.data = plan_.name;
  Asked asked{{order_.begin(), order_.end()}};
  for (const Head& head : heads_) asked.outputs.insert({head.node, head.port});
  asked.outputs.insert(map_ports_.begin(), map_ports_.end());
  options.asked = std::make_shared<const Asked>(std::move(asked));
  const Values values = run_.session.model->forward(order_, tensors, options);
  const std::map<std::size_t, Written> written = write(data, batch, values, tensors, first_row);
  for (const Head& head : heads_)
    if (head.kind == Kind::frames)
      add_said(head, data, values, tensors, predictions);
    else
      answer(head, values, head.kind == Kind::text ? &written.at(head.node) : nullptr, predictions);
  add_targets(data, batch, predictions);
  for (const auto& port : map_ports_) {
    std::vector<TokenMap> maps = token_maps(run_.session.model->wiring(), plan_.name, values, port);
    for (std::size_t row = 0; row < maps.size(); ++row)
      predictions[row].maps.push_back(std::move(maps[row]));
  }
  return predictions;
}

void Predictor::answer(const Head& head, const Values& values, const Written* written,
                       std::vector<Prediction>& predictions) const {
  const Array array =
      written != nullptr ? Array{} : to_array(values.outputs.at(head.node).at(head.port));
  const std::int64_t size = written != nullptr ? 0 : array.count() / std::ssize(predictions);
  const std::vector<std::string> names = classes(head.name);
  for (std::size_t row = 0; row < predictions.size(); ++row) {
    Answer& answer = predictions[row].answers.emplace_back();
    answer.name = head.name;
    const std::int64_t at = static_cast<std::int64_t>(row) * size;
    if (written != nullptr) {
      add_texts((*written)[row], answer);
    } else if (head.kind == Kind::classes) {
      answer.scores = softmax(array.data<float>() + at, size);
      answer.index = std::ranges::max_element(answer.scores) - answer.scores.begin();
      answer.text = names.at(static_cast<std::size_t>(*answer.index));
    } else {
      append(array, at, size, answer.values);
      if (head.kind == Kind::numbers) undo(*normalization_of(head.target), answer.values);
      answer.sizes.assign(array.sizes.begin() + 1, array.sizes.end());
    }
  }
}

void Predictor::add_targets(const Dataset& data, const Batch& batch,
                            std::vector<Prediction>& predictions) const {
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const auto field = batch.fields.find(heads_[i].target);
    if (field == batch.fields.end()) continue;
    const auto present = batch.fields.find(heads_[i].target + k_present);
    const std::int64_t size = field->second.count() / batch.size;
    for (std::size_t row = 0; row < predictions.size(); ++row) {
      // Of an example that lacks it the field holds zeros, which say nothing.
      if (present != batch.fields.end() && !present->second.data<bool>()[row]) continue;
      Answer& answer = predictions[row].answers[i];
      const std::int64_t at = static_cast<std::int64_t>(row) * size;
      if (heads_[i].kind == Kind::numbers) {
        append(field->second, at, size, answer.target_values);
        undo(*normalization_of(field->first), answer.target_values);
      } else {
        answer.target = data.decode_text(field->first, {field->second.data<std::int64_t>() + at,
                                                        static_cast<std::size_t>(size)});
      }
    }
  }
}

}  // namespace weft::host
