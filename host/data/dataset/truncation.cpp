// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/data/dataset/content.hpp"

namespace weft::host {

void Truncation::add(std::int64_t length) {
  ++of;
  longest = std::max(longest, length);
  cut += length > room ? 1 : 0;
}

namespace {

thread_local TruncationCount::Watch* current_watch = nullptr;

}  // namespace

TruncationCount::Watch::Watch() {
  current_watch = this;
}

TruncationCount::Watch::~Watch() {
  current_watch = nullptr;
}

void TruncationCount::add(const std::string& field, std::int64_t length, std::int64_t room) {
  if (current_watch != nullptr) {
    const auto [known, is_new] = current_watch->lengths_.try_emplace(field, Length{length, room});
    if (length > known->second.length) known->second = {length, room};
    return;
  }
  const std::lock_guard lock(mutex_);
  Truncation& truncation = fields_[field];
  truncation.room = room;
  truncation.add(length);
}

std::map<std::string, Truncation> TruncationCount::all() const {
  const std::lock_guard lock(mutex_);
  return fields_;
}

}  // namespace weft::host
