// SPDX-License-Identifier: Apache-2.0
/// Puts samples together that cannot be used for one reason.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/data/storage/shard.hpp"

namespace weft::host {

/// So many for one reason are told once, and so few one by one.
inline constexpr std::size_t k_told_singly = 3;

/// What a reason has in common with those of other samples: it lacks the sample's place, and what
/// is quoted and the numbers in it are alike.
std::string kind_of_reason(const BadSample& bad);

struct BadReason {
  std::string reason;  ///< of its first sample, without the place
  std::size_t count = 0;
  std::vector<BadSample> shown;  ///< the first k_told_singly of them

  /// `150 samples: there is no member cls … E.g. /data/a.tar, samples k1, k2 and k3.`
  std::string sentence() const;
};

/// In the order of their first samples.
std::vector<BadReason> by_reason(const std::vector<BadSample>& samples);

}  // namespace weft::host
