// SPDX-License-Identifier: Apache-2.0
/// Random numbers that depend on nothing but their seed: the same on every machine and with every
/// standard library, whose distributions differ from one another.

#pragma once

#include <cstdint>
#include <initializer_list>

namespace weft::host {

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class RandomSequence {
 public:
  /// One sequence for each list of words, such as {seed, epoch, offset}.
  explicit RandomSequence(std::initializer_list<std::uint64_t> words) {
    for (const std::uint64_t word : words) state_ = mixed(state_ ^ mixed(word + k_step));
  }

  std::uint64_t next() { return mixed(state_ += k_step); }

  /// Even over [0, 1).
  float unit() { return static_cast<float>(next() >> 40) * 0x1p-24F; }

  /// Even over [-reach, reach).
  float within(float reach) { return (2 * unit() - 1) * reach; }

  /// Even over 0 … count - 1, for a count above 0. Its bias, count / 2^64, is far below notice.
  std::uint64_t below(std::uint64_t count) { return next() % count; }

 private:
  static constexpr std::uint64_t k_step = 0x9e3779b97f4a7c15;

  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_ = 0;
};

}  // namespace weft::host
