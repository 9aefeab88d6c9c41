// SPDX-License-Identifier: Apache-2.0
#include "host/base/fingerprint.hpp"

#include <xxhash.h>

#include <cstdint>
#include <cstdio>
#include <new>

namespace weft::host {
namespace {

XXH3_state_t* state_of(void* state) {
  return static_cast<XXH3_state_t*>(state);
}

}  // namespace

void Fingerprint::Free::operator()(void* state) const {
  XXH3_freeState(state_of(state));
}

Fingerprint::Fingerprint() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_of(state_.get()));
}

void Fingerprint::add(const void* bytes, std::size_t count) {
  XXH3_128bits_update(state_of(state_.get()), bytes, count);
}

void Fingerprint::add(std::string_view text) {
  const std::uint64_t length = text.size();
  add(&length, sizeof length);
  add(text.data(), text.size());
}

std::string Fingerprint::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_of(state_.get()));
  char digits[33];
  std::snprintf(digits, sizeof digits, "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return digits;
}

}  // namespace weft::host
