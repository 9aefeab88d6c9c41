// SPDX-License-Identifier: Apache-2.0
#include "host/data/masking/masking.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace weft::host {
namespace {

/// Draws of one block before hide_patches() gives up.
constexpr int k_attempts = 10;

bool is_ordinary(const MaskingVocabulary& vocabulary, std::int64_t id) {
  return std::ranges::binary_search(vocabulary.ordinary, id);
}

/// Even over (0, 1], so that it has a logarithm.
double positive_unit(RandomSequence& random) {
  return 1.0 - static_cast<double>(random.unit());
}

/// Standard normal (Box and Muller).
double normal(RandomSequence& random) {
  const double radius = std::sqrt(-2 * std::log(positive_unit(random)));
  return radius * std::cos(2 * std::numbers::pi * static_cast<double>(random.unit()));
}

/// The logarithm of a Gamma(alpha, 1) variable (Marsaglia and Tsang, "A simple method for
/// generating gamma variables", 2000). As a logarithm, small alphas do not underflow to 0.
double log_gamma_variable(double alpha, RandomSequence& random) {
  if (alpha < 1) {
    const double boosted = log_gamma_variable(alpha + 1, random);
    return boosted + std::log(positive_unit(random)) / alpha;
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(random), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(positive_unit(random)) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return std::log(d * v);
    }
  }
}

/// λ ~ Dirichlet(α, …, α)
std::vector<double> dirichlet(std::size_t count, double alpha, RandomSequence& random) {
  std::vector<double> shares;
  for (std::size_t i = 0; i < count; ++i) shares.push_back(log_gamma_variable(alpha, random));
  const double top = *std::ranges::max_element(shares);
  double sum = 0;
  for (double& share : shares) sum += share = std::exp(share - top);
  for (double& share : shares) share /= sum;
  return shares;
}

/// Tries one block of at most `free` new patches. @return how many it hid
std::int64_t hide_block(std::span<bool> hidden, const PatchMasking& options, std::int64_t free,
                        RandomSequence& random) {
  const auto smallest = static_cast<float>(std::min(options.smallest, free));
  const float area = smallest + (static_cast<float>(free) - smallest) * random.unit();
  const float aspect = std::exp(random.within(-std::log(options.aspect)));
  const auto height = static_cast<std::int64_t>(std::lround(std::sqrt(area * aspect)));
  const auto width = static_cast<std::int64_t>(std::lround(std::sqrt(area / aspect)));
  if (height < 1 || width < 1 || height > options.rows || width > options.columns) return 0;
  const auto place = [&](std::int64_t room) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room + 1)));
  };
  const std::int64_t top = place(options.rows - height), left = place(options.columns - width);
  const auto each = [&](auto&& visit) {
    for (std::int64_t y = top; y < top + height; ++y) {
      for (std::int64_t x = left; x < left + width; ++x) {
        visit(hidden[static_cast<std::size_t>(y * options.columns + x)]);
      }
    }
  };
  std::int64_t fresh = 0;
  each([&](bool& patch) { fresh += patch ? 0 : 1; });
  if (fresh == 0 || fresh > free) return 0;
  each([](bool& patch) { patch = true; });
  return fresh;
}

}  // namespace

void choose_tokens(std::span<const std::int64_t> ids, std::span<bool> chosen,
                   const TokenMasking& options, const MaskingVocabulary& vocabulary,
                   RandomSequence& random) {
  bool in_word = false, take = false;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    chosen[i] = false;
    if (!is_ordinary(vocabulary, ids[i])) {
      in_word = false;
      continue;
    }
    const bool goes_on =
        options.whole_word && in_word && !vocabulary.starts_word[static_cast<std::size_t>(ids[i])];
    if (!goes_on) take = random.unit() < options.probability;
    chosen[i] = take;
    in_word = true;
  }
}

void corrupt_tokens(std::span<std::int64_t> ids, std::span<const bool> chosen,
                    const TokenMasking& options, const MaskingVocabulary& vocabulary,
                    RandomSequence& random) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!chosen[i]) continue;
    const float draw = random.unit();
    if (draw < options.mask) {
      ids[i] = vocabulary.mask_id;
    } else if (draw < options.mask + options.random) {
      ids[i] = vocabulary.ordinary[random.below(vocabulary.ordinary.size())];
    }
  }
}

void hide_patches(std::span<bool> hidden, const PatchMasking& options, RandomSequence& random) {
  const auto patches = static_cast<std::int64_t>(hidden.size());
  std::int64_t free = std::lround(options.share * static_cast<float>(patches));
  if (!options.blocks) {
    choose_positions(hidden, {}, free, random);
    return;
  }
  std::ranges::fill(hidden, false);
  while (free > 0) {
    std::int64_t fresh = 0;
    for (int i = 0; i < k_attempts && fresh == 0; ++i) {
      fresh = hide_block(hidden, options, free, random);
    }
    if (fresh == 0) return;
    free -= fresh;
  }
}

void hide_spans(std::span<bool> hidden, float probability, std::int64_t length,
                RandomSequence& random) {
  std::int64_t left = 0;  // of the spans that have begun
  for (bool& position : hidden) {
    if (random.unit() < probability) left = length;
    position = left > 0;
    if (left > 0) --left;
  }
}

std::vector<std::int64_t> share_budget(std::span<const std::int64_t> lengths, std::int64_t visible,
                                       float alpha, RandomSequence& random) {
  const std::int64_t all = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const std::int64_t budget = std::clamp<std::int64_t>(visible, 0, all);
  std::vector<double> wanted = dirichlet(lengths.size(), static_cast<double>(alpha), random);
  std::vector<std::int64_t> counts;
  for (std::size_t m = 0; m < lengths.size(); ++m) {
    wanted[m] *= static_cast<double>(budget);
    counts.push_back(std::min<std::int64_t>(std::lround(wanted[m]), lengths[m]));
  }
  std::int64_t missing = budget - std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  // Raised where most is missing, lowered where most is too much; 0 and the lengths are the ends.
  while (missing != 0) {
    const std::int64_t step = missing > 0 ? 1 : -1;
    std::size_t best = lengths.size();
    double worst = 0;
    for (std::size_t m = 0; m < lengths.size(); ++m) {
      if (counts[m] == (step > 0 ? lengths[m] : 0)) continue;
      const double miss = static_cast<double>(step) * (wanted[m] - static_cast<double>(counts[m]));
      if (best == lengths.size() || miss > worst) best = m, worst = miss;
    }
    counts[best] += step;
    missing -= step;
  }
  return counts;
}

void choose_positions(std::span<bool> chosen, std::span<const bool> eligible, std::int64_t count,
                      RandomSequence& random) {
  std::int64_t left = eligible.empty() ? std::ssize(chosen) : std::ranges::count(eligible, true);
  std::int64_t wanted = std::min(count, left);
  // Knuth's selection sampling (The Art of Computer Programming, volume 2, §3.4.2, algorithm S).
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    chosen[i] = false;
    if (!eligible.empty() && !eligible[i]) continue;
    if (static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(left))) < wanted) {
      chosen[i] = true;
      --wanted;
    }
    --left;
  }
}

}  // namespace weft::host
