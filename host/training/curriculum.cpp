// SPDX-License-Identifier: Apache-2.0
#include "host/training/curriculum.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/loading/stream.hpp"
#include "host/training/objective.hpp"
#include "host/training/row_scores.hpp"

namespace weft::host {
namespace {

constexpr const char* k_difficulty = "difficulty";

/// What stands at the pointer in each example's JSON.
std::vector<double> numbers_at(const Dataset& data, const std::string& pointer) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < data.size(Split::train); ++i) {
    const std::string text = data.value(Split::train, i, pointer);
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(number))
      throw Error(Exit::bad_data,
                  concat("data \"", data.name(), "\", example ", i, ": ", shown(text), " at ",
                         pointer, " is no number, by which easy_first could order it."));
    numbers.push_back(number);
  }
  return numbers;
}

/// What the model says of each example as the stage begins. Ranks take turns.
std::vector<double> scores_of_all(const Model& model, const StagePlan& stage, const Dataset& data,
                                  Collective& ranks) {
  const RowScores by(model, stage.curriculum.node, stage.curriculum.port, stage.data);
  const std::int64_t rows = stage.batch_size / stage.grad_accumulation;
  const std::int64_t all = data.size(Split::train);
  std::vector<double> numbers(static_cast<std::size_t>(all), 0.0);
  EvaluationStream stream(data, Split::train, rows, "", {}, {ranks.rank(), ranks.size()});
  CallOptions options;
  options.precision = stage.precision;
  Batch batch;
  for (std::int64_t first = ranks.rank() * rows; stream.next(batch); first += ranks.size() * rows) {
    if (batch.size != std::min(rows, all - first))
      throw Error(Exit::bad_data,
                  concat("data \"", data.name(), "\": examples ", first, " to ",
                         std::min(first + rows, all) - 1,
                         " cannot all be used, and easy_first orders every one. Leave bad_samples "
                         "out, or order by a number in their JSON."));
    const std::vector<double> some = by.of(micro_batches(batch, 1).front(), batch.size, options);
    std::ranges::copy(some, numbers.begin() + static_cast<std::ptrdiff_t>(first));
  }
  const std::vector<double> told = ranks.table(numbers);
  std::ranges::fill(numbers, 0.0);
  for (std::size_t i = 0; i < told.size(); ++i) numbers[i % numbers.size()] += told[i];
  return numbers;
}

}  // namespace

std::shared_ptr<const EasyFirst> make_curriculum(const Model& model, const StagePlan& stage,
                                                 const Dataset& data, Collective& ranks,
                                                 std::map<std::string, Array>& kept) {
  const CurriculumPlan& plan = stage.curriculum;
  if (!plan.is_on()) return nullptr;
  EasyFirst order;
  order.begin = plan.competence;
  order.steps = plan.steps;
  order.rows = stage.batch_size * stage.select.draw;
  if (!plan.pointer.empty()) {
    order.difficulty = numbers_at(data, plan.pointer);
    return std::make_shared<const EasyFirst>(std::move(order));
  }
  if (kept.empty()) {
    order.difficulty = scores_of_all(model, stage, data, ranks);
    kept[k_difficulty] = Array::of(order.difficulty, {std::ssize(order.difficulty)});
  } else {
    const Array& found = kept.at(k_difficulty);
    for (std::int64_t i = 0; i < found.count(); ++i) order.difficulty.push_back(element(found, i));
  }
  if (std::ssize(order.difficulty) != data.size(Split::train))
    throw Error(Exit::bad_checkpoint,
                concat("the checkpoint orders ", order.difficulty.size(), " examples, and data \"",
                       data.name(), "\" has ", data.size(Split::train),
                       ". Resume with the data that the stage began with."));
  return std::make_shared<const EasyFirst>(std::move(order));
}

}  // namespace weft::host
