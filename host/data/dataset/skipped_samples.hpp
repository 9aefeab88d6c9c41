// SPDX-License-Identifier: Apache-2.0
/// The samples that were set aside because they cannot be used.

#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

/// More samples are set aside than the section allows. Exit code bad_data.
class TooManyBad : public Error {
 public:
  explicit TooManyBad(const std::string& sentence) : Error(Exit::bad_data, sentence) {}
};

/// A list that only grows, without repetitions. [any thread]
class Quarantine {
 public:
  /// @param data   the data section's name, for the message
  /// @param share  how many of all samples may be set aside, from 0 to 1; none: not one
  Quarantine(std::string data, std::optional<double> share)
      : data_(std::move(data)), share_(share) {}

  /// Whether samples may be set aside at all.
  bool is_open() const { return share_.has_value(); }

  /// Whether the fault is one of a sample that may be set aside.
  bool takes(const Error& fault) const {
    return is_open() && fault.exit() == Exit::bad_data &&
           dynamic_cast<const TooManyBad*>(&fault) == nullptr;
  }

  /// Within a handler: throws on the fault of a sample that it does not take, with what would set
  /// such samples aside where none may be.
  [[noreturn]] void refuse(const Error& fault) const;

  /// @param part   whose sample it is; each part has its own share
  /// @param among  of how many samples the share is taken
  /// @throws TooManyBad
  void add(const BadSample& bad, Split part, std::size_t among);

  /// Those that came after the first `from`.
  std::vector<BadSample> list(std::size_t from = 0) const;

 private:
  std::string data_;
  std::optional<double> share_;
  mutable std::mutex mutex_;
  std::vector<BadSample> list_;
  std::array<std::size_t, k_splits.size()> counts_{};  ///< by part
  /// By shard and key: the parts that have counted it. One file may serve several parts.
  std::map<std::pair<std::string, std::string>, std::bitset<k_splits.size()>> known_;
};

}  // namespace weft::host
