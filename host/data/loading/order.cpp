// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr int k_rounds = 6;
constexpr std::uint64_t k_run = 1000;

std::uint64_t hash(std::initializer_list<std::uint64_t> words) {
  return RandomSequence(words).next();
}

/// How many of a source's examples, the easiest, a place draws from.
std::uint64_t drawn_from(const EasyFirst* curriculum, std::uint64_t place, std::uint64_t count) {
  if (curriculum == nullptr) return count;
  const std::int64_t step = static_cast<std::int64_t>(place) / curriculum->rows;
  const double share = curriculum->competence(step) * static_cast<double>(count);
  return std::min(count, static_cast<std::uint64_t>(std::ceil(share)));
}

}  // namespace

Permutation::Permutation(std::uint64_t count, std::uint64_t key)
    : count_(count), key_(key), half_((static_cast<int>(std::bit_width(count - 1)) + 1) / 2) {}

std::uint64_t Permutation::operator()(std::uint64_t place) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_) - 1;
  do {
    std::uint64_t left = place >> half_, right = place & mask;
    for (std::uint64_t round = 0; round < k_rounds; ++round) {
      left = std::exchange(right, left ^ (hash({key_, round, right}) & mask));
    }
    place = left << half_ | right;
  } while (place >= count_);
  return place;
}

Blend::Blend(const std::vector<double>& weights, std::uint64_t seed) : seed_(seed) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> lost;
  std::uint64_t left = k_run;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double exact = weights[i] / sum * static_cast<double>(k_run);
    if (exact < 1) {
      throw Error(
          Exit::bad_recipe,
          concat("data/blend/", i, "/weight: expected at least 1/1000 of the sum of all weights (",
                 sum / k_run, "), found ", weights[i], "."));
    }
    shares_.push_back(static_cast<std::uint64_t>(exact));
    lost.push_back(exact - static_cast<double>(shares_.back()));
    left -= shares_.back();
  }
  for (; left > 0; --left) {  // the largest remainders first
    const auto most = std::ranges::max_element(lost);
    ++shares_[static_cast<std::size_t>(most - lost.begin())];
    *most = -1;
  }
}

Blend::Turn Blend::at(std::uint64_t place) {
  const std::uint64_t run = place / k_run;
  if (run != run_) {
    run_ = run;
    std::vector<std::size_t> source_of;
    for (std::size_t i = 0; i < shares_.size(); ++i)
      source_of.insert(source_of.end(), shares_[i], i);
    const Permutation permutation(k_run, hash({seed_, run}));
    std::vector<std::uint64_t> given(shares_.size());
    turns_.clear();
    for (std::uint64_t i = 0; i < k_run; ++i) {
      const std::size_t source = source_of[permutation(i)];
      turns_.push_back({source, given[source]++});
    }
  }
  const Turn& turn = turns_[place % k_run];
  return {turn.source, run * shares_[turn.source] + turn.number};
}

TrainingOrder::TrainingOrder(const Dataset::Content& content, std::uint64_t seed,
                             std::shared_ptr<const EasyFirst> curriculum)
    : content_(content), seed_(seed), curriculum_(std::move(curriculum)) {
  const std::vector<SourceRange>& sources = content.part(Split::train).sources;
  epochs_.resize(sources.size());
  for (std::size_t i = 0; curriculum_ != nullptr && i < sources.size(); ++i) {
    std::vector<std::uint32_t>& easiest = easiest_.emplace_back(sources[i].count);
    std::iota(easiest.begin(), easiest.end(), static_cast<std::uint32_t>(sources[i].first));
    std::ranges::stable_sort(
        easiest, {}, [&](std::uint32_t example) { return curriculum_->difficulty.at(example); });
  }
  if (sources.size() < 2) return;
  std::vector<double> weights;
  for (const SourceRange& source : sources) weights.push_back(source.weight);
  blend_.emplace(weights, seed);
}

/// One of the easiest of the source.
std::uint64_t TrainingOrder::easy_example(std::uint64_t place, std::size_t source,
                                          std::uint64_t among) const {
  return easiest_[source][hash({seed_, 0x65617379, place}) % among];
}

Draw TrainingOrder::at(std::uint64_t place) {
  const Blend::Turn turn = blend_ ? blend_->at(place) : Blend::Turn{0, place};
  const SourceRange& source = content_.part(Split::train).sources[turn.source];
  // Sources with the same epoch and offset must not draw the same random numbers.
  const std::uint64_t seed = turn.source == 0 ? seed_ : hash({seed_, turn.source});
  const std::uint64_t epoch = turn.number / source.count, offset = turn.number % source.count;
  if (const std::uint64_t among = drawn_from(curriculum_.get(), place, source.count);
      among < source.count)
    return {static_cast<std::size_t>(easy_example(place, turn.source, among)), turn.source,
            std::array{seed, epoch, offset}};
  return {static_cast<std::size_t>(example_at(turn.source, seed, epoch, offset)), turn.source,
          std::array{seed, epoch, offset}};
}

std::uint64_t TrainingOrder::example_at(std::size_t source_index, std::uint64_t seed,
                                        std::uint64_t epoch, std::uint64_t offset) {
  const SplitContent& part = content_.part(Split::train);
  const SourceRange& source = part.sources[source_index];
  const OrderOptions& order = content_.options.order;
  if (!order.is_shuffled) return source.first + offset;
  if (order.buffer == 0)
    return source.first + Permutation(source.count, hash({seed, epoch}))(offset);

  // Shards in an order of their own, and the examples of each run of `buffer` places among
  // themselves.
  Epoch& own = epochs_[source_index];
  if (own.number != epoch) {
    own = {epoch, {}, {}};
    const Permutation shuffled(source.shard_count, hash({seed, epoch}));
    std::uint64_t end = 0;
    for (std::uint64_t i = 0; i < source.shard_count; ++i) {
      const std::uint64_t shard = source.first_shard + shuffled(i);
      own.shards.push_back(static_cast<std::uint32_t>(shard));
      own.ends.push_back(end += part.shard_begin[shard + 1] - part.shard_begin[shard]);
    }
  }
  const std::uint64_t run = offset / order.buffer, begin = run * order.buffer;
  const std::uint64_t size = std::min(order.buffer, source.count - begin);
  const std::uint64_t place = begin + Permutation(size, hash({seed, epoch, run}))(offset - begin);
  const auto shard = static_cast<std::size_t>(
      std::upper_bound(own.ends.begin(), own.ends.end(), place) - own.ends.begin());
  const std::uint64_t before = shard == 0 ? 0 : own.ends[shard - 1];
  return part.shard_begin[own.shards[shard]] + (place - before);
}

Draw TrainingOrder::stand_in(const SplitContent& part, const Draw& draw, std::uint64_t attempt) {
  const SourceRange source =
      draw.run ? SourceRange{0, part.size(), 0, 0, 1} : part.sources[draw.source];
  const auto& [seed, epoch, offset] = *draw.origin;
  const std::uint64_t choice = hash({seed, epoch, offset, 0x7374616e642d696e, attempt});
  return {static_cast<std::size_t>(source.first + choice % source.count), draw.source, draw.origin,
          draw.run};
}

}  // namespace weft::host
