// SPDX-License-Identifier: Apache-2.0
#include "host/data/dataset/shots.hpp"

#include <algorithm>
#include <unordered_map>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

/// Every number below `count` once, each order as likely (Fisher and Yates; what has not been
/// exchanged is not stored).
class Shuffled {
 public:
  Shuffled(std::uint64_t count, RandomSequence random) : count_(count), random_(random) {}

  std::optional<std::uint64_t> next() {
    if (taken_ == count_) return std::nullopt;
    const std::uint64_t place = taken_ + random_.below(count_ - taken_);
    const std::uint64_t number = at(place);
    moved_[place] = at(taken_++);
    return number;
  }

 private:
  std::uint64_t at(std::uint64_t place) const {
    const auto found = moved_.find(place);
    return found == moved_.end() ? place : found->second;
  }

  std::uint64_t count_, taken_ = 0;
  RandomSequence random_;
  std::unordered_map<std::uint64_t, std::uint64_t> moved_;
};

const Dataset::Content& training_of(const Dataset::Content& content) {
  return content.training ? *content.training : content;
}

/// The group of the text. A text that is given by itself is of none.
std::string group_of(const ShotOptions& shots, const FieldOptions& field, const Example& example) {
  if (shots.group_by.empty()) return "";
  if (example.shard->fingerprint == k_given && !example.values.contains(shots.group_by)) return "";
  return required_value(example, shots.group_by, concat("shots of field ", field.name));
}

/// Whether the example is of the sample, wherever its shard lies.
bool is_same_sample(const Example& example, const Shard& shard, std::uint32_t sample) {
  return example.sample == sample && example.shard->fingerprint == shard.fingerprint;
}

/// An example by the template; none where it is of the group.
std::optional<std::string> laid_out(const Dataset::Content& training, const ExampleRef& ref,
                                    const FieldOptions& field, const std::string& group) {
  const ShotOptions& shots = *shots_of(field);
  std::set<std::string> sources;
  for (const TemplatePart& part : shots.layout) sources.insert(part.value.text);
  sources.erase("");
  if (!shots.group_by.empty()) sources.insert(shots.group_by);
  const SplitContent& part = training.part(Split::train);
  const Example example = read_example(*part.shards[ref.shard], ref, training.options, sources);
  const std::string asked_by = concat("shots of field ", field.name);
  if (!group.empty() && required_value(example, shots.group_by, asked_by) == group)
    return std::nullopt;
  std::string text;
  for (const TemplatePart& one : shots.layout) {
    text += one.letters;
    if (!one.value.text.empty()) text += required_value(example, one.value.text, asked_by);
  }
  return text;
}

}  // namespace

const ShotOptions* shots_of(const FieldOptions& field) {
  const auto* text = std::get_if<TextOptions>(&field.kind);
  return text != nullptr && text->shots.count > 0 ? &text->shots : nullptr;
}

bool shows_examples(const DataOptions& options) {
  return std::ranges::any_of(options.fields,
                             [](const FieldOptions& field) { return shots_of(field) != nullptr; });
}

std::string drawn_shots(const Dataset::Content& content, const FieldOptions& field,
                        const Example& example,
                        const std::optional<std::array<std::uint64_t, 3>>& origin) {
  const ShotOptions* const shots = shots_of(field);
  if (shots == nullptr) return "";
  const Dataset::Content& training = training_of(content);
  const SplitContent& part = training.part(Split::train);
  const std::string group = group_of(*shots, field, example);
  const std::uint64_t name = stable_hash(field.name);
  const RandomSequence random =
      origin
          ? RandomSequence({shots->seed, name, (*origin)[0], (*origin)[1], (*origin)[2]})
          : RandomSequence({shots->seed, name, stable_hash(example.values.at(field.source.text))});
  Shuffled order(part.size(), random);
  std::string text;
  for (int found = 0; found < shots->count;) {
    const auto place = order.next();
    if (!place)
      throw Error(Exit::bad_data,
                  concat(example.place, ": field ", field.name, " is to show ", shots->count,
                         " examples, and the training part has ", found,
                         group.empty() ? " of other samples" : " of other samples and groups",
                         " that can be used. Lower shots/count, or name more shards."));
    const ExampleRef& ref = part.examples[*place];
    if (is_same_sample(example, *part.shards[ref.shard], ref.sample)) continue;
    try {
      const auto one = laid_out(training, ref, field, group);
      if (!one) continue;
      text += *one;
      ++found;
    } catch (const Error& error) {
      if (!training.quarantine.takes(error)) throw;
      set_aside(training, part, *place, error.what());
    }
  }
  return text;
}

void require_shots(const Dataset::Content& content) {
  const std::size_t examples = training_of(content).part(Split::train).size();
  for (const FieldOptions& field : content.options.fields) {
    const ShotOptions* const shots = shots_of(field);
    if (shots == nullptr || static_cast<std::size_t>(shots->count) <= examples) continue;
    throw Error(
        Exit::bad_recipe,
        concat("data ", content.name, ", field ", field.name, "/shots/count: expected at most ",
               examples, ", the number of examples of the training part, found ", shots->count,
               ". Lower it, or name more shards under shards/train."));
  }
}

}  // namespace weft::host
