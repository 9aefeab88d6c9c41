// SPDX-License-Identifier: Apache-2.0
/// In which order a training stream gives its examples, computed place by place: nothing is kept of
/// the places before, so going on from any of them costs the same.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "host/data/dataset/content.hpp"
#include "host/data/loading/easy_first.hpp"

namespace weft::host {

/// A bijection of 0 … count - 1 onto itself, one for each key, without a table: a Feistel network
/// over the next power of four, gone through again while it leads out of the range (Black and
/// Rogaway, "Ciphers with arbitrary finite domains", 2002).
class Permutation {
 public:
  /// REQUIRES: count is from 1 to 2^62.
  Permutation(std::uint64_t count, std::uint64_t key);
  std::uint64_t operator()(std::uint64_t place) const;

 private:
  std::uint64_t count_, key_;
  int half_;  ///< bits of each half
};

/// Which source a blended stream takes next. In each run of 1,000 places every source has its
/// share, rounded so that the shares add up, in an order that the seed decides.
class Blend {
 public:
  /// @throws Error (bad_recipe) when a share is below 1 / 1000
  Blend(const std::vector<double>& weights, std::uint64_t seed);

  struct Turn {
    std::size_t source = 0;
    std::uint64_t number = 0;  ///< how many turns the source had before
  };
  Turn at(std::uint64_t place);

 private:
  std::vector<std::uint64_t> shares_;  ///< by source, of 1,000
  std::uint64_t seed_, run_ = ~std::uint64_t{0};
  std::vector<Turn> turns_;  ///< of the run, as numbers within it
};

/// The examples of a training part, place by place. Each source goes through its own epochs, in
/// which it gives every example exactly once. While a curriculum leaves examples out, each place
/// draws one of the easiest of its source anew.
class TrainingOrder {
 public:
  /// Keeps a reference to the content.
  TrainingOrder(const Dataset::Content& content, std::uint64_t seed,
                std::shared_ptr<const EasyFirst> curriculum = nullptr);

  Draw at(std::uint64_t place);

  /// Another example of the draw's source, or of its run, for a draw that cannot be used; one for
  /// each attempt.
  static Draw stand_in(const SplitContent& part, const Draw& draw, std::uint64_t attempt);

 private:
  /// A source's shards in the order of one epoch.
  struct Epoch {
    std::uint64_t number = ~std::uint64_t{0};
    std::vector<std::uint32_t> shards;
    std::vector<std::uint64_t> ends;  ///< examples up to the end of each
  };
  std::uint64_t example_at(std::size_t source, std::uint64_t seed, std::uint64_t epoch,
                           std::uint64_t offset);

  std::uint64_t easy_example(std::uint64_t place, std::size_t source, std::uint64_t among) const;

  const Dataset::Content& content_;
  std::uint64_t seed_;
  std::shared_ptr<const EasyFirst> curriculum_;
  std::vector<std::vector<std::uint32_t>> easiest_;  ///< by source, the easiest first
  std::optional<Blend> blend_;                       ///< with more than one source
  std::vector<Epoch> epochs_;                        ///< by source
};

}  // namespace weft::host
