// SPDX-License-Identifier: Apache-2.0
#include "host/training/row_selection.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "host/base/text.hpp"
#include "host/training/objective.hpp"

namespace weft::host {
namespace {

/// The rows of an array at these places.
Array rows_at(const Array& array, const std::vector<std::size_t>& places) {
  std::vector<std::int64_t> sizes = array.sizes;
  const std::size_t row = array.byte_count() / static_cast<std::size_t>(sizes.front());
  sizes.front() = std::ssize(places);
  Array chosen = Array::empty(array.dtype, sizes);
  for (std::size_t i = 0; i < places.size(); ++i)
    std::memcpy(chosen.bytes.get() + i * row, array.bytes.get() + places[i] * row, row);
  return chosen;
}

Batch rows_at(const Batch& batch, const std::vector<std::size_t>& places) {
  Batch chosen;
  chosen.size = std::ssize(places);
  for (const auto& [name, array] : batch.fields) chosen.fields[name] = rows_at(array, places);
  for (const std::size_t place : places) chosen.keys.push_back(batch.keys[place]);
  return chosen;
}

double mean_of(const std::vector<double>& numbers) {
  return std::reduce(numbers.begin(), numbers.end()) / static_cast<double>(numbers.size());
}

/// Keys end with a zero byte, which none holds.
std::string joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text.append(key).push_back('\0');
  return text;
}

std::vector<std::string> parted(const std::string& text) {
  std::vector<std::string> keys;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    keys.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return keys;
}

}  // namespace

std::vector<std::size_t> chosen_places(const std::vector<double>& numbers, std::size_t count,
                                       bool is_highest) {
  const auto rank_of = [&](std::size_t place) {
    const double number = is_highest ? numbers[place] : -numbers[place];
    return std::isnan(number) ? std::pair(1, 0.0) : std::pair(0, number);
  };
  std::vector<std::size_t> places(numbers.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places,
                           [&](std::size_t a, std::size_t b) { return rank_of(a) > rank_of(b); });
  places.resize(std::min(count, places.size()));
  std::ranges::sort(places);
  return places;
}

RowSelection::RowSelection(const Model& model, const StagePlan& stage, std::uint64_t seed,
                           Collective& ranks)
    : stage_(stage), seed_(seed), ranks_(ranks) {
  if (!stage.select.node.empty())
    by_.emplace(model, stage.select.node, stage.select.port, stage.data);
}

Batch RowSelection::choose(Batch drawn, std::int64_t step, StepReport& report) const {
  if (!by_) return drawn;
  const std::vector<double> numbers = ranks_.table(scores(drawn, step));
  const std::vector<std::size_t> chosen =
      chosen_places(numbers, static_cast<std::size_t>(stage_.batch_size), stage_.select.is_highest);
  std::vector<double> kept;
  for (const std::size_t place : chosen) kept.push_back(numbers[place]);
  report.selection = {{"drawn", mean_of(numbers)}, {"kept", mean_of(kept)}};
  return ranks_.size() == 1 ? rows_at(drawn, chosen) : exchanged(drawn, chosen);
}

/// In micro-batches as large as those that train, so that memory and bits do not depend on ranks.
std::vector<double> RowSelection::scores(const Batch& drawn, std::int64_t step) const {
  CallOptions options;
  options.seed = stable_hash(concat("select ", stage_.name, "#", step), seed_);
  options.precision = stage_.precision;
  const std::int64_t parts = stage_.select.draw * stage_.grad_accumulation / ranks_.size();
  std::vector<double> numbers;
  for (const TensorMap& micro : micro_batches(drawn, parts)) {
    const std::vector<double> some = by_->of(micro, drawn.size / parts, options);
    numbers.insert(numbers.end(), some.begin(), some.end());
  }
  return numbers;
}

/// Each rank gives its chosen rows, as many as the one that has most, and takes its part of all.
Batch RowSelection::exchanged(const Batch& drawn, const std::vector<std::size_t>& chosen) const {
  const auto each = static_cast<std::size_t>(drawn.size);
  const auto size = static_cast<std::size_t>(ranks_.size());
  const auto rank = static_cast<std::size_t>(ranks_.rank());
  std::vector<std::vector<std::size_t>> of_rank(size);
  for (const std::size_t place : chosen) of_rank[place / each].push_back(place % each);
  const std::size_t most = std::ranges::max(of_rank, {}, &std::vector<std::size_t>::size).size();
  std::vector<std::size_t> where;  // of each chosen row among the rows that are given
  for (std::size_t r = 0; r < size; ++r)
    for (std::size_t i = 0; i < of_rank[r].size(); ++i) where.push_back(r * most + i);
  std::vector<std::size_t> given = of_rank[rank];
  given.resize(most, 0);
  const Batch own = rows_at(drawn, given);
  Batch all;
  all.size = std::ssize(where);
  for (const auto& [name, array] : own.fields)
    all.fields[name] = to_array(ranks_.rows_of_all(from_array(array)));
  for (const std::string& text : ranks_.texts(joined(own.keys)))
    for (std::string& key : parted(text)) all.keys.push_back(std::move(key));
  const std::size_t part = where.size() / size;
  const auto begin = where.begin() + static_cast<std::ptrdiff_t>(rank * part);
  return rows_at(all, {begin, begin + static_cast<std::ptrdiff_t>(part)});
}

}  // namespace weft::host
